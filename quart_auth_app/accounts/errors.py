"""Refusals. Each message is the sentence that the person reads."""


class AccountError(Exception):
    """A command that is refused. Anything else that goes wrong is a bug."""

    sentence = "That is not possible."

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or self.sentence)


class EmailTaken(AccountError):
    """Another account has this address already."""

    sentence = "Email address already exists"


class InvalidEmail(AccountError):
    """What was given is no e-mail address."""

    sentence = "Please enter a valid email address."


class InvalidName(AccountError):
    """What was given can't be shown as a name."""

    sentence = "Please enter your name."


class InvalidPassword(AccountError):
    """The password breaks the rules for new passwords."""

    sentence = "Please choose another password."


class TryLater(AccountError):
    """Nothing is wrong with what was asked, but it can't be done now."""

    def __init__(self, retry_after: int, sentence: str | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after
        """Seconds until another try makes sense."""


class TooBusy(TryLater):
    """More passwords are waiting to be checked than can be in reasonable time."""

    sentence = "The server is busy right now. Please try again in a few seconds."


class TooManyAttempts(TryLater):
    """The limit on attempts is reached."""

    def __init__(self, retry_after: int) -> None:
        number, unit = (retry_after, "second") if retry_after < 60 else (-(-retry_after // 60), "minute")
        wait = f"{number} {unit}{'' if number == 1 else 's'}"
        super().__init__(retry_after, f"There were too many attempts. Please try again in {wait}.")
