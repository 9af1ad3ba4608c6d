"""The tables: columns only, no behaviour. One table in each file."""

from quart_auth_app.models.access_key import AccessKey
from quart_auth_app.models.attempts import Attempts
from quart_auth_app.models.base import Base, UtcDateTime, Words, columns_of
from quart_auth_app.models.daily_count import DailyCount
from quart_auth_app.models.deleted_user import DeletedUser
from quart_auth_app.models.email_change import EmailChange
from quart_auth_app.models.identity import Identity
from quart_auth_app.models.mail import Mail
from quart_auth_app.models.mail_token import MailToken
from quart_auth_app.models.mailed_log_in import MailedLogIn
from quart_auth_app.models.passkey import Passkey
from quart_auth_app.models.pending_log_in import PendingLogIn
from quart_auth_app.models.recovery_code import RecoveryCode
from quart_auth_app.models.security_event import SecurityEvent
from quart_auth_app.models.session import Session
from quart_auth_app.models.sign_up import SignUp
from quart_auth_app.models.totp import Totp
from quart_auth_app.models.user import User

__all__ = [
    "OURS",
    "AccessKey",
    "Attempts",
    "Base",
    "DailyCount",
    "DeletedUser",
    "EmailChange",
    "Identity",
    "Mail",
    "MailToken",
    "MailedLogIn",
    "Passkey",
    "PendingLogIn",
    "RecoveryCode",
    "SecurityEvent",
    "Session",
    "SignUp",
    "Totp",
    "User",
    "UtcDateTime",
    "Words",
    "columns_of",
]

OURS = {table.name: frozenset(table.columns.keys()) for table in Base.metadata.tables.values()}
"""The names of our columns, by table. Whatever is added to `Base.metadata` later belongs to the site."""
