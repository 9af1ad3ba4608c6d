"""What a key looks like, how it is found, and when it counts."""

import hashlib
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, or_, select

from quart_auth_app.models import AccessKey, User

PREFIX = "qaa_"
"""The beginning of each key, by which people and secret scanners recognise one."""

SHOWN = len(PREFIX) + 6
"""How many characters of a key its owner can see later."""

COUNTS = (
    AccessKey.expires_at > bindparam("now"),
    AccessKey.password_version == User.password_version,
    User.disabled_at.is_(None),
)
"""The condition for active keys at `now`."""


def expired(now: datetime) -> ColumnElement[bool]:
    """Return the condition for keys that have expired or whose user has another password now."""
    version = select(User.password_version).where(User.id == AccessKey.user_id).scalar_subquery()
    return or_(AccessKey.expires_at <= now, AccessKey.password_version != version)


def hash_of(text: str) -> str:
    """Return what is stored of a key."""
    return hashlib.sha256(text.encode()).hexdigest()
