"""Access keys, which scripts send instead of logging in. A key opens less than a log-in, and is never a proof."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import activity, double_clicks, names, ways_in
from quart_auth_app.accounts.browsers import OPERATOR, Browser
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.sessions import TOUCH_EVERY, Found
from quart_auth_app.database.units_of_work import LookUp
from quart_auth_app.models import AccessKey, User, columns_of

PREFIX = "qaa_"
"""The beginning of each key, by which people and secret scanners recognise one."""

SHOWN = len(PREFIX) + 6
"""How many characters of a key its owner can see later."""

MAX_KEYS = 20
"""Most keys of one account: enough for all scripts, and few enough to look through."""

MAX_DAYS = 365
"""Longest lifetime of a key in days, so that a forgotten key expires."""

METHOD = "access-key"
"""The value of `methods` for a request with a key."""

_COUNTS = (
    AccessKey.expires_at > bindparam("now"),
    AccessKey.password_version == User.password_version,
    User.disabled_at.is_(None),
)


class NoSuchAccessKey(AccountError):
    """The account has no key of this number."""


class TooManyAccessKeys(AccountError):
    """The account has `most` keys already."""


class WrongLifetime(AccountError):
    """A key lasts from one day to `most`."""

    field = "days"


class KeyRefused(AccountError):
    """The key is unknown, expired or revoked."""


class KeyNotEnough(AccountError):
    """This needs a log-in; no key opens it."""


async def own(db: AsyncSession, *, user_id: int, now: datetime) -> Sequence[AccessKey]:
    """Return the user's active keys, oldest first."""
    query = select(AccessKey).join(User, User.id == AccessKey.user_id).where(AccessKey.user_id == user_id, *_COUNTS)
    return (await db.scalars(query.order_by(AccessKey.id), {"now": now})).all()


async def create(
    db: AsyncSession, *, found: Found, name: str, days: str, browser: Browser, now: datetime
) -> tuple[AccessKey, str]:
    """Make a key that lasts `days` days. Returns its row and the key itself, which is shown only now.

    The second click of a double click gets the first click's key.

    Raises InvalidName, WrongLifetime, TooManyAccessKeys or SessionRevoked.
    """
    user_id = found.user["id"]
    name = names.validated(name)
    lasts = activity.number(days) or 0
    if not 1 <= lasts <= MAX_DAYS:
        raise WrongLifetime(most=MAX_DAYS)
    await ways_in.hold(db, found=found)
    if first := await double_clicks.first_secret(db, browser, now=now):
        query = select(AccessKey).where(AccessKey.key_hash == _hash(PREFIX + first), AccessKey.user_id == user_id)
        if key := await db.scalar(query):
            return key, PREFIX + first
    if len(await own(db, user_id=user_id, now=now)) >= MAX_KEYS:
        raise TooManyAccessKeys(most=MAX_KEYS)
    text = PREFIX + await double_clicks.new_secret(db, browser, now=now)
    key = AccessKey(
        user_id=user_id,
        name=name,
        beginning=text[:SHOWN],
        key_hash=_hash(text),
        password_version=(await db.get_one(User, user_id)).password_version,
        created_at=now,
        expires_at=now + timedelta(days=lasts),
    )
    db.add(key)
    await db.flush()
    await activity.note(db, user_id=user_id, kind="access_key_added", browser=browser, now=now, key=name)
    return key, text


async def revoke(db: AsyncSession, *, user_id: int, number: int, browser: Browser, now: datetime) -> None:
    """Revoke one of the user's keys. Raises NoSuchAccessKey."""
    if number > activity.NEWEST:
        raise NoSuchAccessKey
    query = delete(AccessKey).where(AccessKey.id == number, AccessKey.user_id == user_id).returning(AccessKey.name)
    name = await db.scalar(query)
    if name is None:
        raise NoSuchAccessKey
    await activity.note(db, user_id=user_id, kind="access_key_revoked", browser=browser, now=now, key=name)
    await double_clicks.store(db, browser, number=number, now=now)


async def revoke_all(db: AsyncSession, *, user_id: int, now: datetime, browser: Browser = OPERATOR) -> None:
    """Revoke all of the user's keys."""
    for name in await db.scalars(delete(AccessKey).where(AccessKey.user_id == user_id).returning(AccessKey.name)):
        await activity.note(db, user_id=user_id, kind="access_key_revoked", browser=browser, now=now, key=name)


async def by_text(look_up: LookUp, *, text: str, now: datetime) -> Found | None:
    """Return the key's user, with values that replace a session's row; None if the key is not active.

    These values are never fresh for sudo, and name no method that an admin's page accepts.
    """
    question, of_user = _by_text()
    row = await look_up(question, {"key_hash": _hash(text), "now": now})
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
        .where(AccessKey.key_hash == bindparam("key_hash"), *_COUNTS)
    )
    return question, [*of_user]


async def touch(db: AsyncSession, *, number: int, now: datetime) -> None:
    """Store that the key was used at `now`, unless a later use is stored."""
    is_news = or_(AccessKey.last_used_at.is_(None), AccessKey.last_used_at < now)
    await db.execute(update(AccessKey).where(AccessKey.id == number, is_news).values(last_used_at=now))


def expired(now: datetime) -> ColumnElement[bool]:
    """Return the condition for keys that have expired or whose user has another password now."""
    version = select(User.password_version).where(User.id == AccessKey.user_id).scalar_subquery()
    return or_(AccessKey.expires_at <= now, AccessKey.password_version != version)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
