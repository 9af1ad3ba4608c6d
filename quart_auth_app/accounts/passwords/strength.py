"""How hard a new password is to guess, as zxcvbn estimates it."""

import re
import threading
from enum import StrEnum
from typing import Any

from zxcvbn import zxcvbn
from zxcvbn.matching import L33T_TABLE

from quart_auth_app.accounts.passwords import ranked_words

MIN_SCORE = 3
"""Of 4. Below 3, zxcvbn expects fewer than 10^8 guesses to do: days for somebody who has the hash."""

MAX_RATED = 72
"""Characters that are rated: zxcvbn refuses more, as its time grows steeply with them. More only make it stronger."""

MAX_WORK = 16 * MAX_RATED**2
"""Of a rating: ways to undo a password's substitutions (such as $ for s), times the square of its length. zxcvbn looks
each part of the password up once for each of these ways: with up to a thousand ways, 72 characters take seconds."""

MIN_RATED = 16
"""Characters that are rated whatever work they are. So much of what isn't built of words is rated 4."""

PRODUCT = "quart auth app"
"""Our own name is on the pages, so it is among the first guesses too."""

ranked_words.pack()

# zxcvbn keeps the words it is given in a module-wide table, so two threads would mix up two people's words.
_one_at_a_time = threading.Lock()


class Weakness(StrEnum):
    """What makes a password easy to guess."""

    COMMON = "common"
    """It is, or is built on, a password that many people have."""
    DATE = "date"
    """It is built on a date or a year."""
    KEYBOARD = "keyboard"
    """It is built on keys that lie side by side."""
    NAME = "name"
    """It is built on a frequent name."""
    PERSONAL = "personal"
    """It is built on a text of `context`."""
    REPEAT = "repeat"
    """It repeats itself."""
    SEQUENCE = "sequence"
    """It is built on a sequence such as abc or 6543."""
    SHORT = "short"
    """Nothing is wrong with it but its length."""
    WORD = "word"
    """It is built on a single word."""


_BY_PATTERN = {
    "date": Weakness.DATE,
    "regex": Weakness.DATE,  # zxcvbn's one regular expression is for recent years
    "repeat": Weakness.REPEAT,
    "sequence": Weakness.SEQUENCE,
    "spatial": Weakness.KEYBOARD,
}
_BY_DICTIONARY = {
    "female_names": Weakness.NAME,
    "male_names": Weakness.NAME,
    "passwords": Weakness.COMMON,
    "surnames": Weakness.NAME,
    "user_inputs": Weakness.PERSONAL,
}


def weakness(password: str, context: list[str]) -> Weakness | None:
    """Return what makes `password` too easy to guess, None if it is fine.

    `context` are texts that an attacker would try first: address, name, the site's name. They count as guessable whole,
    in parts, and written as one word.
    """
    with _one_at_a_time:
        result = zxcvbn(_rated(password), user_inputs=sorted(_guesses([PRODUCT, *context])))
    return None if result["score"] >= MIN_SCORE else _reason(result["sequence"])


def _reason(sequence: list[dict[str, Any]]) -> Weakness:
    # The longest part that is easy to guess decides: to change a shorter one would help less.
    guessable = [part for part in sequence if part["pattern"] != "bruteforce"]
    if not guessable:
        return Weakness.SHORT
    longest = max(guessable, key=lambda part: len(part["token"]))
    if longest["pattern"] == "dictionary":
        return _BY_DICTIONARY.get(longest["dictionary_name"], Weakness.WORD)
    return _BY_PATTERN[longest["pattern"]]


def _rated(password: str) -> str:
    """Return as much of the password's beginning as can be rated in bounded time."""
    rated = password[:MAX_RATED]
    while len(rated) > MIN_RATED and _ways(rated) * len(rated) ** 2 > MAX_WORK:
        rated = rated[:-1]
    return rated


def _ways(password: str) -> int:
    """Return how many ways there are at most to take the password's digits and signs for letters, as zxcvbn does."""
    used: set[str] = set()
    ways = 1
    for signs in L33T_TABLE.values():
        found = set(signs) & set(password)
        # A sign that may stand for two letters is tried as each of them.
        ways *= max(1, len(found) + len(found & used))
        used |= found
    return ways


def _guesses(texts: list[str]) -> set[str]:
    found: set[str] = set()
    for part in (part for text in texts for part in (text, *text.split("@"))):
        words = re.split(r"[\W_]+", part)
        found |= {part, "".join(words), *words}
    return {word for word in found if len(word) > 2}
