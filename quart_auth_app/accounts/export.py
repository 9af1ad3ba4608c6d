"""Everything that is kept about a user, for the user to take along (GDPR, articles 15 and 20)."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import activity
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.models import Base, SecurityEvent, Session, User

FORMAT = 1
"""Counts the changes of the export's form that a program which reads it would stumble over."""

LEFT_OUT = {"password", "password_version", "email_key", "token_hash", "user_id", "replaced_by"}
"""Columns that are secret, or say nothing that isn't said elsewhere."""


async def everything(db: AsyncSession, *, user_id: int, browser: Browser, now: datetime) -> dict[str, Any]:
    """Return all that is kept about the user, made of what JSON has; times are ISO 8601 in UTC. The export is noted.

    `account` has every column of the user that is not left out, a site's own among them. Neither hashes nor tokens are
    in it.
    """
    await activity.note(db, user_id=user_id, kind="exported", browser=browser, now=now)
    user = await db.get_one(User, user_id)
    sessions = await db.scalars(select(Session).where(Session.user_id == user_id).order_by(Session.id))
    events = await db.scalars(select(SecurityEvent).where(SecurityEvent.user_id == user_id).order_by(SecurityEvent.id))
    return {
        "format": FORMAT,
        "made_at": _plain(now),
        "account": _row(user),
        "sessions": [_row(session) for session in sessions],
        "events": [_row(event) for event in events],
    }


def _row(row: Base) -> dict[str, Any]:
    columns = [column.key for column in inspect(type(row)).column_attrs]
    return {name: _plain(getattr(row, name)) for name in columns if name not in LEFT_OUT}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)
