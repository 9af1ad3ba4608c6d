"""Requests with an access key."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.access_keys.keys import COUNTS, hash_of
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.sessions import TOUCH_EVERY, Found
from quart_auth_app.database.units_of_work import LookUp
from quart_auth_app.models import AccessKey, User, columns_of

METHOD = "access-key"
"""The value of `methods` for a request with a key."""


class KeyRefused(AccountError):
    """The key is unknown, expired or revoked."""


class KeyNotEnough(AccountError):
    """This needs a log-in; no key opens it."""


async def by_text(look_up: LookUp, *, text: str, now: datetime) -> Found | None:
    """Return the key's user, with values that replace a session's row; None if the key is not active.

    These values are never fresh for sudo, and name no method that an admin's page accepts.
    """
    question, of_user = _by_text()
    row = await look_up(question, {"key_hash": hash_of(text), "now": now})
    if not row:
        return None
    number, created_at, last_used_at = row[:3]
    stands_for = {
        "id": 0,  # no session has this number
        "replaced_by": None,
        "authenticated_at": datetime.min.replace(tzinfo=UTC) + timedelta(days=1),
        "created_at": created_at,
        "last_seen_at": last_used_at or created_at,
        "remember": False,
        "methods": METHOD,
        "access_key": number,
        "is_stale": last_used_at is None or now - last_used_at >= TOUCH_EVERY,
    }
    return Found(stands_for, dict(zip(of_user, row[3:], strict=True)))


@cache
def _by_text() -> tuple[Select[*tuple[Any, ...]], list[str]]:
    of_user = columns_of(User)
    question = (
        select(AccessKey.id, AccessKey.created_at, AccessKey.last_used_at, *of_user.values())
        .join(User, User.id == AccessKey.user_id)
        .where(AccessKey.key_hash == bindparam("key_hash"), *COUNTS)
    )
    return question, [*of_user]


async def touch(db: AsyncSession, *, number: int, now: datetime) -> None:
    """Store that the key was used at `now`, unless a later use is stored."""
    is_news = or_(AccessKey.last_used_at.is_(None), AccessKey.last_used_at < now)
    await db.execute(update(AccessKey).where(AccessKey.id == number, is_news).values(last_used_at=now))
