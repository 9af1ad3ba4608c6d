"""Sentences that say what an act has done, or what is missing for a log-in.

`make catalogues` finds every text in this file without a call of gettext around it.
"""

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
