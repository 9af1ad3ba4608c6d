"""Refusals. Each is a code and the values that belong to it; `web/sentences.py` has the sentences that people read."""


class AccountError(Exception):
    """A command that is refused. Anything else that goes wrong is a bug."""

    field: str | None = None
    """The form field that is at fault, if it is one."""

    def __init__(self, **values: object) -> None:
        super().__init__()
        self.values = values
        """What the sentence needs to know, by name."""

    @property
    def code(self) -> str:
        """The refusal's stable name: that of its class."""
        return type(self).__name__

    def __str__(self) -> str:
        return f"{self.code} {self.values}" if self.values else self.code


class WrongDetails(AccountError):
    """Address and password don't belong together, or the account is closed: the person is not told which."""


class SessionRevoked(AccountError):
    """The session has ended meanwhile."""


class EmailTaken(AccountError):
    """Another account has this address already."""

    field = "email"


class SignUpClosed(AccountError):
    """Only the operator makes accounts here."""


class MailOff(AccountError):
    """Only mail would do it, and none is sent here."""


class InvalidEmail(AccountError):
    """What was given is not an e-mail address."""

    field = "email"


class InvalidName(AccountError):
    """There is no name, or what was given can't be shown as one; each rule has a class of its own."""

    field = "name"


class NameTooLong(InvalidName):
    """It has more than `max_length` characters."""


class NameHasControls(InvalidName):
    """It has a line break, or a character that controls the text around it."""


class NameInvisible(InvalidName):
    """Nothing of it can be seen."""


class InvalidPassword(AccountError):
    """The password breaks the rules for new passwords; each rule has a class of its own."""

    field = "password"


class PasswordTooShort(InvalidPassword):
    """It has fewer than `min_length` characters."""


class PasswordTooLong(InvalidPassword):
    """It has more than `max_length` characters."""


class PasswordTooGuessable(InvalidPassword):
    """It would be guessed soon; `reason` says why, see `passwords.strength.Weakness`."""


class LinkInvalid(AccountError):
    """A mailed link is mangled, unknown, expired, or void because the account has changed since."""


class LinkUsed(AccountError):
    """A mailed link was followed to its end already."""


class LinkOfAnother(LinkInvalid):
    """A mailed link is good, and belongs to another account than the one that is logged in."""


class AlreadyConfirmed(AccountError):
    """The address has become an account meanwhile."""


class WrongMailedCode(AccountError):
    """The code is not the newest that was mailed, was mailed too long ago, or too many were tried."""

    field = "code"


class SameEmail(AccountError):
    """The address that was asked for is the one that the account has."""

    field = "email"


class NoEmailChange(AccountError):
    """No change of address waits for an answer, or not any more."""


class WrongSignUpPassword(AccountError):
    """The password is not the one that was chosen at sign-up, or too many were tried."""

    field = "password"


class SignUpPending(AccountError):
    """Address and password are those of a sign-up whose mail was not answered yet."""

    def __init__(self, sign_up_id: int = 0) -> None:
        super().__init__(sign_up_id=sign_up_id)
        self.sign_up_id = sign_up_id


class TryLater(AccountError):
    """Nothing is wrong with what was asked, but it can't be done now."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after=retry_after)
        self.retry_after = retry_after
        """Seconds until another try makes sense."""


class TooBusy(TryLater):
    """More passwords are waiting to be hashed than can be in reasonable time."""


class TooManyAttempts(TryLater):
    """The limit on attempts is reached."""


class ProviderRefused(AccountError):
    """What came back from a provider proves nothing; for the log, `reason` says why."""


class ProviderDenied(ProviderRefused):
    """The person, or the provider, said no: the answer was an error."""


class AttemptTooLate(ProviderRefused):
    """The answer of a provider is to no attempt of this browser, or to one that is over or was used."""


class ProviderAway(TryLater):
    """The provider with this label doesn't answer, or not as it should."""

    def __init__(self, label: str, retry_after: int) -> None:
        super().__init__(retry_after)
        self.values["label"] = label
