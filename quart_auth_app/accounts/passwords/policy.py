"""Which new passwords are accepted."""

import unicodedata

from quart_auth_app.accounts.errors import PasswordTooGuessable, PasswordTooLong, PasswordTooShort
from quart_auth_app.accounts.passwords import strength

MIN_LENGTH = 9
"""Code points that a new password has at least. ASVS 6.2.1 asks for 8, but zxcvbn expects any 8 characters to be
guessed in 10^8 tries, which is below our `strength.MIN_SCORE`: to promise 8 would be wrong."""

MAX_LENGTH = 1024
"""Characters of the longest password. A longer one is an error and is never cut: ASVS 6.2.9 asks for 64 or more."""


def normalized(password: str) -> str:
    """Return the password in NFC: another keyboard may send the same password in another form (NIST SP 800-63B)."""
    return unicodedata.normalize("NFC", password)


def check_length(password: str) -> None:
    """Raise PasswordTooShort or PasswordTooLong if it is one of them."""
    if len(normalized(password)) < MIN_LENGTH:
        raise PasswordTooShort(min_length=MIN_LENGTH)
    if len(password) > MAX_LENGTH:
        raise PasswordTooLong(max_length=MAX_LENGTH)


def check_strength(password: str, context: list[str]) -> None:
    """Raise PasswordTooGuessable if the password is easy to guess; `context` are texts that it must not be built on."""
    if reason := strength.weakness(normalized(password), context):
        raise PasswordTooGuessable(reason=reason)
