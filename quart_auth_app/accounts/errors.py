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


class TooBusy(AccountError):
    """More passwords are waiting to be checked than can be in reasonable time. Trying again later helps."""

    sentence = "The server is busy right now. Please try again in a few seconds."
    retry_after = 5
    """Seconds until another try makes sense."""
