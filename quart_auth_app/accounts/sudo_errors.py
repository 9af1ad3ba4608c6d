"""Refusals of who has to give a proof again before an act (sudo)."""

from quart_auth_app.accounts.credentials.second_step import AppUnreadable, WrongCode
from quart_auth_app.accounts.errors import AccountError, SessionRevoked


class SudoRequired(AccountError):
    """This needs a proof that is not older than `sudo.LASTS`."""

    field = "sudo_password"


class WrongPassword(AccountError):
    """The password given as a proof is wrong."""

    field = "sudo_password"


class WrongSudoCode(WrongCode):
    """The code given as a proof beside the password is wrong."""

    field = "sudo_code"


class SudoAppUnreadable(WrongSudoCode, AppUnreadable):
    """No code of the app can be checked, so a recovery code has to be the proof."""


class TooManyWrongPasswords(SessionRevoked):
    """There were too many wrong proofs in this session, so it has ended."""
