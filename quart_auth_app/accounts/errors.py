"""Refusals. Each is a code and the values that belong to it; `web/sentences/` has the sentences that people read."""


class AccountError(Exception):
    """A command that is refused. Anything else that goes wrong is a bug."""

    field: str | None = None
    """The form field that was refused, if it was one."""

    def __init__(self, **values: object) -> None:
        super().__init__()
        self.values = values
        """Values for the sentence, by name."""

    @property
    def code(self) -> str:
        """The refusal's stable name: that of its class."""
        return type(self).__name__

    def __str__(self) -> str:
        return f"{self.code} {self.values}" if self.values else self.code


class WrongDetails(AccountError):
    """Address and password don't match, or the account is disabled: the person is not told which."""


class SessionRevoked(AccountError):
    """The session has ended meanwhile."""


class EmailTaken(AccountError):
    """Another account has this address already."""

    field = "email"


class SignUpClosed(AccountError):
    """Only the operator makes accounts here."""


class MailOff(AccountError):
    """This needs mail, and none is sent here."""


class InvalidEmail(AccountError):
    """The text is not a valid e-mail address."""

    field = "email"


class InvalidName(AccountError):
    """The name is missing, or can't be shown; each rule has a class of its own."""

    field = "name"


class NameTooLong(InvalidName):
    """It has more than `max_length` characters."""


class NameHasControls(InvalidName):
    """It has a line break, or a character that controls the text around it."""


class NameInvisible(InvalidName):
    """It has no visible character."""


class InvalidPassword(AccountError):
    """The password breaks the rules for new passwords; each rule has a class of its own."""

    field = "password"


class PasswordTooShort(InvalidPassword):
    """It has fewer than `min_length` characters."""


class PasswordTooLong(InvalidPassword):
    """It has more than `max_length` characters."""


class PasswordTooGuessable(InvalidPassword):
    """It is easy to guess; `reason` says why, see `passwords.strength.Weakness`."""


class LinkInvalid(AccountError):
    """A mailed link is mangled, unknown, expired, or void because the account has changed since."""


class LinkUsed(AccountError):
    """A mailed link has been used already."""


class LinkOfAnother(LinkInvalid):
    """A mailed link is valid, but belongs to another account than the one that is logged in."""


class AlreadyConfirmed(AccountError):
    """The address has become an account meanwhile."""


class WrongMailedCode(AccountError):
    """The code is not the newest that was mailed, has expired, or too many codes were tried."""

    field = "code"


class SameEmail(AccountError):
    """The address that was asked for is the one that the account has."""

    field = "email"


class NoEmailChange(AccountError):
    """No change of address is pending, or not any more."""


class WrongSignUpPassword(AccountError):
    """The password is not the one chosen at sign-up, or too many passwords were tried."""

    field = "password"


class SignUpPending(AccountError):
    """Address and password are those of a sign-up that is not confirmed yet."""

    def __init__(self, sign_up_id: int = 0) -> None:
        super().__init__(sign_up_id=sign_up_id)
        self.sign_up_id = sign_up_id


class TryLater(AccountError):
    """The request is fine, but can't be carried out now."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after=retry_after)
        self.retry_after = retry_after
        """Seconds until it makes sense to try again."""


class TooBusy(TryLater):
    """The queue for hashing passwords is full."""


class TooManyAttempts(TryLater):
    """The limit on attempts is reached."""
