"""What sentences say about the refused value: why it is refused, and when to try again.

`make catalogues` finds every text in this file without a call of gettext around it.
"""

from quart_auth_app.languages import Plural
from quart_auth_app.web.language import translated

WEAKNESSES = {
    "common": "many people use one like it",
    "date": "it is built on a date or a year",
    "keyboard": "its keys lie side by side",
    "name": "it is built on a common name",
    "personal": "it is built on your name, your address or the name of this site",
    "repeat": "it repeats itself",
    "sequence": "it is built on a sequence such as abc or 6543",
    "short": "it is short",
    "word": "it is built on a single word",
}
"""Why a password is too easy to guess, by the values of `accounts.passwords.strength.Weakness`."""

NOT_JSON = {
    "deep": "it is nested too deeply",
    "object": "it is JSON of another kind",
    "syntax": "it is not what RFC 8259 calls JSON",
    "text": "it is not text in UTF-8",
    "twice": "it has the same name twice",
}
"""What is wrong with a body, by the `reason` of `JsonInvalid`."""

SECONDS = Plural(
    "There were too many attempts. Please try again in {number} second.",
    "There were too many attempts. Please try again in {number} seconds.",
)
MINUTES = Plural(
    "There were too many attempts. Please try again in {number} minute.",
    "There were too many attempts. Please try again in {number} minutes.",
)
HOURS = Plural(
    "There were too many attempts. Please try again in {number} hour.",
    "There were too many attempts. Please try again in {number} hours.",
)


def too_many_attempts(retry_after: int) -> str:
    """Return when to try again, in a sentence, for so many seconds, which are rounded up."""
    if retry_after < 60:
        return translated(SECONDS, number=retry_after)
    minutes = -(-retry_after // 60)
    return translated(MINUTES, number=minutes) if minutes < 120 else translated(HOURS, number=-(-minutes // 60))
