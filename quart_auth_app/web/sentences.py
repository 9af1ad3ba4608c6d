"""The sentences that people read when something is refused: one for each code of an `AccountError`."""

import re
from collections.abc import Callable, Mapping

from quart_auth_app.accounts.errors import AccountError

BUSY = "The server is busy right now. Please try again in a few seconds."
ALREADY_LOGGED_IN = "You are logged in as {name}. Log out first to create another account."
PLEASE_LOG_IN = "Please log in to access this page."
DELETION_ASKED = "Your account will be deleted on {date}. Until then you can log in and keep it."
KEPT = "Your account is kept."
NAME_CHANGED = "Your name is changed."
OTHERS_REVOKED = "All other sessions have ended."
CHANGED_BY_OWNER = "Your password is changed. All other devices are logged out."
SESSION_REVOKED = "That session has ended."
SIGNED_UP = "Your account has been created. You can log in now."
SIGNED_UP_BESIDE = "The account has been created. You are still logged in as {name}: log out first to use it."

SENTENCES: dict[str, str | Callable[..., str]] = {
    "AccountError": "That is not possible.",
    "EmailTaken": "Email address already exists",
    "FieldMissing": "Please fill in the field “{field}” once.",
    "FieldNotText": "The field “{field}” contains a character that is not text.",
    "FieldTooLong": "The field “{field}” takes at most {max_length} characters.",
    "InvalidEmail": "Please enter a valid email address.",
    "InvalidName": "Please enter your name.",
    "InvalidPassword": "Please choose another password.",
    "NameHasControls": "Your name has a character that can't be shown as it is. Please leave it out.",
    "NameInvisible": "Nothing of this name can be seen. Please enter one that shows.",
    "NameTooLong": "Please enter a name of at most {max_length} characters.",
    "NoPendingLogIn": "Please log in again: the first step was too long ago.",
    "NoSecondStep": "The second step is off.",
    "NoSuchSession": "There is no such session.",
    "NoSuchUser": lambda who: f"There is no user {who!r}.",
    "NothingToConfirm": "There is no authenticator app to confirm. Please begin again.",
    "PasswordTooGuessable": lambda advice: " ".join(["This password is too easy to guess.", *advice]),
    "PasswordTooLong": "Please choose a password of at most {max_length} characters.",
    "PasswordTooShort": "Please choose a password of at least {min_length} characters.",
    "SessionRevoked": "This session has ended. Please log in again.",
    "SignUpClosed": "Accounts here are made by the operator of this site.",
    "SudoRequired": "Please give your password once more.",
    "TooBusy": BUSY,
    "TooManyAttempts": lambda retry_after: (
        f"There were too many attempts. Please try again in {duration(retry_after)}."
    ),
    "WrongClock": "This code belongs to another minute. Please set the clock of your phone to automatic.",
    "WrongCode": "This code is wrong or was used already. Please enter the one that your app shows now.",
    "TooManyWrongPasswords": "The password was wrong too often, so this session has ended. Please log in again.",
    "WrongPassword": "This is not your password. Please try again.",
    "WrongDetails": "Please check your login details and try again.",
}
"""By code. `{name}` stands for one of the error's values; a sentence that needs more is a function of them."""


def sentence(error: AccountError) -> str:
    """Return what a person reads. An error without a sentence of its own has its parent's."""
    known = (SENTENCES[each.__name__] for each in type(error).__mro__ if each.__name__ in SENTENCES)
    template = next(known)
    return template(**error.values) if callable(template) else filled(template, error.values)


def filled(template: str, values: Mapping[str, object]) -> str:
    """Return the template with each `{name}` replaced by its value. Unlike `str.format` it reaches into nothing."""
    return re.sub(r"\{(\w+)\}", lambda name: str(values[name[1]]), template)


def duration(seconds: int) -> str:
    """Return a number of seconds in words, in whole minutes from one minute on."""
    number, unit = (seconds, "second") if seconds < 60 else (-(-seconds // 60), "minute")
    return f"{number} {unit}{'' if number == 1 else 's'}"
