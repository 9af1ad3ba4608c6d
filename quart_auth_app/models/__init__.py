"""The tables: columns only, no behaviour. A noun a file."""

from quart_auth_app.models.attempts import Attempts
from quart_auth_app.models.base import Base, UtcDateTime
from quart_auth_app.models.deleted_user import DeletedUser
from quart_auth_app.models.mail import Mail
from quart_auth_app.models.mail_token import MailToken
from quart_auth_app.models.pending_log_in import PendingLogIn
from quart_auth_app.models.recovery_code import RecoveryCode
from quart_auth_app.models.security_event import SecurityEvent
from quart_auth_app.models.session import Session
from quart_auth_app.models.sign_up import SignUp
from quart_auth_app.models.totp import Totp
from quart_auth_app.models.user import User

__all__ = [
    "Attempts",
    "Base",
    "DeletedUser",
    "Mail",
    "MailToken",
    "PendingLogIn",
    "RecoveryCode",
    "SecurityEvent",
    "Session",
    "SignUp",
    "Totp",
    "User",
    "UtcDateTime",
]
