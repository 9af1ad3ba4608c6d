"""The sentences that people read when something is refused: one for each code of an `AccountError`.

`make catalogues` finds every text in this file without a call of gettext around it.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from quart_auth_app import languages
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.languages import Plural
from quart_auth_app.web.language import translated

Text = TypeVar("Text")

BUSY = "The server is busy right now. Please try again in a few seconds."
ALREADY_LOGGED_IN = "You are logged in as {name}. Log out first to create another account."
CHANGED_BY_LINK = "Your password has been changed. You can log in with it now."
PLEASE_LOG_IN = "Please log in to access this page."
DELETION_ASKED = "Your account will be deleted on {date}. Until then you can log in and keep it."
EMAIL_ASKED = "We have sent a mail to the new address, and a notice to the one that you have. Nothing has changed yet."
EMAIL_CHANGED = "Your address is changed. All other devices are logged out."
EMAIL_KEPT = "Your address stays as it is."
UNDONE = "You have your account back, with its former address and the new password. You can log in now."
OWN_CHANGED = "Your details are changed."
OWN_DROPPED = "“{label}” can't be taken any more as you gave it. Please log in and fill it in on your account page."
KEPT = "Your account is kept."
NAME_CHANGED = "Your name is changed."
SECOND_STEP_REQUIRED = "Please give a code of your second step to log in."
ADMIN_DONE = "That is done."
MAIL_TRIED = "What could not be sent is tried again."
OTHERS_REVOKED = "All other sessions have ended."
CHANGED_BY_OWNER = "Your password is changed. All other devices are logged out."
SESSION_REVOKED = "That session has ended."
SECOND_STEP_OFF = "The second step is off."
PASSKEY_ADDED = "Your passkey is ready: you can log in with it."
PASSKEY_NAMED = "The passkey has its new name."
PASSKEY_REMOVED = "The passkey is removed."
ACCESS_KEY_REVOKED = "The access key is revoked: it opens nothing any more."
PROVIDER_CONNECTED = "{label} is connected: you can log in with it."
PROVIDER_DISCONNECTED = "{label} is disconnected."
PROVEN = "Thank you. For 10 minutes you are not asked again: please do now what you were about to do."
PASSWORD_REMOVED = "Your account has no password any more. All other devices are logged out."  # noqa: S105  # a sentence
SIGNED_UP = "Your account has been created. You can log in now."
SIGNED_UP_BESIDE = "The account has been created. You are still logged in as {name}: log out first to use it."
TOO_MANY_SESSIONS = (
    "You were logged in in more than {number} browsers. The one that was not used for longest is logged out."
)

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


def _too_many_attempts(retry_after: int) -> str:
    """Return the sentence for so many seconds, which are rounded up."""
    if retry_after < 60:
        return translated(SECONDS, number=retry_after)
    minutes = -(-retry_after // 60)
    return translated(MINUTES, number=minutes) if minutes < 120 else translated(HOURS, number=-(-minutes // 60))


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

SENTENCES: dict[str, str | Callable[..., str]] = {
    "AccountError": "That is not possible.",
    "AddressMissing": "{label} told no email address of yours, so no account can be made with it. Please sign up here.",
    "AddressNotVerified": "{label} has not confirmed your email address, so no account can be made with it. "
    "Confirm it there and try again, or sign up here.",
    "AlreadyConfirmed": "This address has been confirmed already. You can log in.",
    "AppUnreadable": "This site can't check the codes of your app any more. Please use one of your recovery codes, or "
    "ask the site's operator.",
    "AttemptTooLate": "That took too long, or was begun in another browser. Please try again.",
    "ConnectFirst": "There is an account with your email address already. Log in to it another way; "
    "then you can connect {label} to it.",
    "CookiesBlocked": "This site needs cookies: without them it can't log you in, nor tell you what went wrong. "
    "Please allow cookies for this site in your browser, then try again.",
    "EmailTaken": "Email address already exists",
    "FieldMissing": "Please fill in the field “{field}” once.",
    "FieldNotText": "The field “{field}” contains a character that is not text.",
    "FieldTooLong": "The field “{field}” takes at most {max_length} characters.",
    "IdentityTaken": "Your account at {label} is connected to another account here.",
    "InvalidEmail": "Please enter a valid email address.",
    "InvalidName": "Please enter your name.",
    "InvalidPassword": "Please choose another password.",
    "LinkInvalid": "This link is no longer valid.",
    "LinkOfAnother": "This link belongs to another account. Log out, and log in with that one.",
    "LinkUsed": "This link has been used. If that was you, log in.",
    "MailOff": "No mail is sent here: MAIL_URL is not set.",
    "NameHasControls": "Your name has a character that can't be shown as it is. Please leave it out.",
    "NameInvisible": "Nothing of this name can be seen. Please enter one that shows.",
    "NameTooLong": "Please enter a name of at most {max_length} characters.",
    "NoEmailChange": "No change of your address waits any more. Please ask for it again.",
    "NoSuchLanguage": "This site does not have that language.",
    "NoSuchMail": "No mail with this number has failed; one that waits is tried again by itself.",
    "NoPendingLogIn": "Please log in again: the first step was too long ago.",
    "NotConfirmed": "That is not the address of the account. Nothing was done.",
    "NoSecondStep": "The second step is off.",
    "NoSuchRole": "There is no role “{role}”. Roles are: {known}.",
    "NoSuchSession": "There is no such session.",
    "NoSuchUser": lambda who: translated("There is no user {who}.", who=repr(who)),
    "OwnFieldFailsCheck": lambda label, sentence: sentence,  # the site has translated it
    "OwnFieldMissing": lambda label: translated("Please fill in “{label}”.", label=translated(label)),
    "OwnFieldRefused": lambda label: translated(
        "“{label}” can't be taken as it is. Please look at it again.", label=translated(label)
    ),
    "OwnFieldTaken": lambda label: translated(
        "“{label}” is taken: another account has the same.", label=translated(label)
    ),
    "OwnFieldTooLong": lambda label, max_length: translated(
        "“{label}” takes at most {max_length} characters.", label=translated(label), max_length=max_length
    ),
    "NothingToConfirm": "There is no authenticator app to confirm. Please begin again.",
    "JsonInvalid": lambda reason: translated(
        "The body is no JSON object: {reason}.", reason=translated(NOT_JSON[reason])
    ),
    "KeyNotEnough": "An access key does not open this. It takes a log-in.",
    "KeyRefused": "This access key does not count, or not any more.",
    "LastAdmin": "Nobody else is an administrator here. Make somebody else one first.",
    "LastWayIn": "This is the last way into your account. Set a password or add a passkey first.",
    "NoSuchAccessKey": "There is no such access key.",
    "NoSuchIdentity": "{label} is not connected.",
    "NoSuchPasskey": "There is no such passkey.",
    "NoWayBack": "An account without a password needs a passkey, and an email address that is confirmed.",
    "PasskeyKnown": "This passkey has been added already.",
    "PasskeyRefused": "That did not work. Please try again, or log in another way.",
    "PasskeyTooLate": "That took too long. Please try your passkey again.",
    "PasskeyUnknown": "This passkey belongs to no account here any more. Please log in another way.",
    "ProviderAway": "{label} does not answer as it should right now. Please try again in a minute, "
    "or log in another way.",
    "ProviderConnected": "Another account at {label} is connected already. Disconnect it first.",
    "ProviderDenied": "{label} did not let you in. Please try again, or log in another way.",
    "ProviderRefused": "{label} did not prove who you are. Please try again, or log in another way.",
    "PasswordTooGuessable": lambda reason: translated(
        "This password is too easy to guess: {reason}. Add another word or two.", reason=translated(WEAKNESSES[reason])
    ),
    "PasswordTooLong": "A password has at most {max_length} characters.",
    "PasswordTooShort": "Please choose a password of at least {min_length} characters.",
    "RoleMissing": "This page is not for you.",
    "SameEmail": "This is your address already.",
    "SessionRevoked": "This session has ended. Please log in again.",
    "SignUpUnfinished": "{label} does not tell all that your account here needs. Please add the rest.",
    "SignUpClosed": "Accounts here are made by the operator of this site.",
    "StrongLogInRequired": "Administrators need a second step or a passkey. Set one up on the page of your account, "
    "then log in with it.",
    "SudoRequired": "Please give your password once more.",
    "TooBusy": BUSY,
    "TooManyAccessKeys": "You have {most} access keys already. Revoke one first.",
    "TooManyPasskeys": "You have {most} passkeys already. Remove one first.",
    "TooManyAttempts": _too_many_attempts,
    "TooManyRoles": "That would be too many roles for one account.",
    "WrongClock": "This code belongs to another minute. Please set the clock of your phone to automatic.",
    "WrongCode": "This code is wrong or was used already. Please enter the one that your app shows now.",
    "TooManyWrongPasswords": "The password was wrong too often, so this session has ended. Please log in again.",
    "WrongPassword": "This is not your password. Please try again.",
    "WrongType": "The field “{field}” takes another type of value.",
    "WrongDetails": "Please check your login details and try again.",
    "WrongLifetime": "Please give a number of days from 1 to {most}.",
    "WrongLogInCode": "That is not the code of our newest mail, or it is too old. Please look again, or ask again.",
    "WrongMailedCode": "That is not the newest code, or it is too old. Please look again, or ask for a new one.",
    "WrongSignUpPassword": "That is not the password chosen at sign-up. If you did not sign up, close this page.",
}
"""Sentences by code. `{name}` is replaced by the error's value of that name. A sentence that needs more is a function
of these values, which translates by itself."""


FIELD_NOTES = {
    "AccountError": "Please change this.",
    "EmailTaken": "Taken.",
    "FieldMissing": "Missing.",
    "FieldTooLong": "Too long.",
    "InvalidEmail": "Not an email address.",
    "NameTooLong": "Too long.",
    "OwnFieldMissing": "Missing.",
    "OwnFieldTaken": "Taken.",
    "OwnFieldTooLong": "Too long.",
    "PasswordTooGuessable": "Too easy to guess.",
    "PasswordTooLong": "Too long.",
    "PasswordTooShort": "Too short.",
    "WrongCode": "Not the right code.",
    "WrongMailedCode": "Not the right code.",
    "WrongPassword": "Not your password.",
    "WrongSignUpPassword": "Not that password.",
}
"""A few words beside the refused field, by code; the sentence is above the form."""


def sentence(error: AccountError) -> str:
    """Return the sentence for the error, translated; that of its parent class if it has none of its own."""
    template = _for(error, SENTENCES)
    return template(**error.values) if callable(template) else translated(template, **error.values)


def field_note(error: AccountError) -> str:
    """Return the note beside the refused field, translated."""
    return translated(_for(error, FIELD_NOTES))


def _for(error: AccountError, texts: Mapping[str, Text]) -> Text:
    return next(texts[each.__name__] for each in type(error).__mro__ if each.__name__ in texts)


def filled(template: str, values: Mapping[str, object]) -> str:
    """Return the sentence in the reader's language, with each `{name}` replaced by its value."""
    return languages.filled(translated(template), values)
