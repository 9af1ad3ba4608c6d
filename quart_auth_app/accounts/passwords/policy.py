"""The rules for new passwords."""

import unicodedata

from quart_auth_app.accounts.errors import PasswordTooGuessable, PasswordTooLong, PasswordTooShort
from quart_auth_app.accounts.passwords import strength

MIN_LENGTH = 9
"""Shortest new password in code points. ASVS 6.2.1 asks for 8, but by zxcvbn any 8 characters are guessed in 10^8
tries, which is below our `strength.MIN_SCORE`: so no password of 8 could be accepted."""

MAX_LENGTH = 1024
"""Longest password in characters; a longer one is refused, never cut. ASVS 6.2.9 asks for 64 or more."""


def normalized(password: str) -> str:
    """Return the password in NFC: keyboards may send the same characters in different forms (NIST SP 800-63B)."""
    return unicodedata.normalize("NFC", password)


def check_length(password: str) -> None:
    """Raise PasswordTooShort or PasswordTooLong."""
    if len(normalized(password)) < MIN_LENGTH:
        raise PasswordTooShort(min_length=MIN_LENGTH)
    if len(password) > MAX_LENGTH:
        raise PasswordTooLong(max_length=MAX_LENGTH)


def check_strength(password: str, context: list[str]) -> None:
    """Raise PasswordTooGuessable if the password is easy to guess; `context` are texts that it must not be built on."""
    if reason := strength.weakness(normalized(password), context):
        raise PasswordTooGuessable(reason=reason)
