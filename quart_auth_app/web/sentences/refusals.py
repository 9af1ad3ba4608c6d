"""Sentences that people read when something is refused: one for each code of an `AccountError`.

`make catalogues` finds every text in this file without a call of gettext around it.
"""

from collections.abc import Callable

from quart_auth_app.web.language import translated
from quart_auth_app.web.sentences.reasons import NOT_JSON, WEAKNESSES, too_many_attempts

BUSY = "The server is busy right now. Please try again in a few seconds."

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
    "MadeForAnother": "Nothing was done: that page was made for another account, and you are logged in as {email} now.",
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
    "StillReferredTo": "Another table of this site still refers to the account, so it was not deleted.",
    "StrongLogInRequired": "Administrators need a second step or a passkey. Set one up on the page of your account, "
    "then log in with it.",
    "SudoRequired": "Please give your password once more.",
    "TooBusy": BUSY,
    "TooManyAccessKeys": "You have {most} access keys already. Revoke one first.",
    "TooManyPasskeys": "You have {most} passkeys already. Remove one first.",
    "TooManyAttempts": too_many_attempts,
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
