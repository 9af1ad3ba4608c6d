"""Sessions: one row for each log-in, found by the token in the browser's cookie."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import Select, Table, and_, bindparam, delete, func, insert, inspect, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.database.units_of_work import LookUp
from quart_auth_app.models import Base, Session, User

# NIST SP 800-63B asks for 12 h and 30 min (AAL2); these are longer, as for sites people keep open all day.
IDLE = timedelta(hours=1)
ABSOLUTE = timedelta(hours=24)
REMEMBERED_IDLE = timedelta(days=14)
REMEMBERED_ABSOLUTE = timedelta(days=30)

TOUCH_EVERY = timedelta(minutes=1)
"""How stale `last_seen_at` may get: a write for each page would cost more than the page."""

TOKEN_BYTES = 32
"""256 random bits; ASVS 7.2.3 asks for 128."""

MAX_USER_AGENT_LENGTH = 255

_session = cast(Table, Session.__table__)

_EXPIRED = or_(
    Session.last_seen_at <= bindparam("remembered_idle"),
    Session.created_at <= bindparam("remembered_absolute"),
    and_(
        ~Session.remember,
        or_(Session.last_seen_at <= bindparam("idle"), Session.created_at <= bindparam("absolute")),
    ),
)
_GIVEN = ["token_hash", "created_at", "last_seen_at", "authenticated_at", "remember", "address", "user_agent"]
# The user's row is locked until the session is stored: who changes the password at this moment ends the session too.
_START = (
    insert(_session)
    .from_select(
        ["user_id", *_GIVEN],
        select(User.id, *(bindparam(f"new_{name}", type_=_session.c[name].type) for name in _GIVEN))
        .where(
            User.id == bindparam("user"),
            User.password_version == bindparam("password_version"),
            User.disabled_at.is_(None),
        )
        .with_for_update(),
    )
    .returning(_session.c.id)
)
_REVOKE = delete(_session).where(_session.c.token_hash == bindparam("token"))


@dataclass(frozen=True)
class Found:
    """An active session and the user whose it is: the values of all columns of both tables, by name."""

    session: Mapping[str, Any]
    user: Mapping[str, Any]


class NoSuchSession(AccountError):
    """No session has this number, or not any more."""


async def start(
    db: AsyncSession, *, user: User, remember: bool, address: str, user_agent: str, now: datetime, replaces: str | None
) -> str | None:
    """Begin a session for `user` and return its token, which is kept nowhere else.

    None if meanwhile the account was disabled or deleted, or has another password than the one that was just verified.
    The session of the token `replaces` is revoked: after a log-in, no cookie from before it counts.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    values = {
        "user": user.id,
        "password_version": user.password_version,
        "new_token_hash": _hash(token),
        "new_created_at": now,
        "new_last_seen_at": now,
        "new_authenticated_at": now,
        "new_remember": remember,
        "new_address": address,
        "new_user_agent": user_agent[:MAX_USER_AGENT_LENGTH],
    }
    if await db.scalar(_START, values) is None:
        return None
    if replaces:
        await revoke(db, token=replaces)
    return token


async def by_token(look_up: LookUp, *, token: str, now: datetime) -> Found | None:
    """Return the active session that has this token, and whose it is, or None."""
    row = await look_up(_by_token(), {"token_hash": _hash(token), **_cutoffs(now)})
    if not row:
        return None
    of_session, of_user = _columns(Session), _columns(User)
    return Found(dict(zip(of_session, row, strict=False)), dict(zip(of_user, row[len(of_session) :], strict=True)))


@cache
def _columns(table: type[Base]) -> list[str]:
    return [attribute.key for attribute in inspect(table).column_attrs]


@cache
def _by_token() -> Select[*tuple[Any, ...]]:
    # Built when it is first needed: a site may have given the user columns of its own by then.
    return (
        select(*(getattr(table, name) for table in (Session, User) for name in _columns(table)))
        .join(User, User.id == Session.user_id)
        .where(Session.token_hash == bindparam("token_hash"), ~_EXPIRED, User.disabled_at.is_(None))
    )


async def touch(db: AsyncSession, *, session_id: int, now: datetime) -> None:
    """Note that the session was used at `now`, if that is news."""
    query = update(Session).where(Session.id == session_id, Session.last_seen_at < now)
    await db.execute(query.values(last_seen_at=now))


def is_stale(last_seen_at: datetime, now: datetime) -> bool:
    """Tell whether it is time to `touch` the session."""
    return now - last_seen_at >= TOUCH_EVERY


async def revoke(db: AsyncSession, *, token: str) -> None:
    """Delete the session that has this token."""
    await db.execute(_REVOKE, {"token": _hash(token)})


async def revoke_all(db: AsyncSession, *, user: User) -> None:
    """Delete every session of this user."""
    await db.execute(delete(Session).where(Session.user_id == user.id))


async def count_active(db: AsyncSession, *, now: datetime) -> int:
    """Return how many sessions have not expired."""
    return await db.scalar(select(func.count()).select_from(Session).where(~_EXPIRED), _cutoffs(now)) or 0


async def revoke_one(db: AsyncSession, *, session_id: int) -> None:
    """Delete the session that has this number. Raises NoSuchSession."""
    if await db.scalar(delete(Session).where(Session.id == session_id).returning(Session.id)) is None:
        raise NoSuchSession


async def revoke_everybodys(db: AsyncSession) -> None:
    """Delete every session there is."""
    await db.execute(delete(Session))


async def active(db: AsyncSession, *, user: User | None = None, now: datetime) -> list[tuple[Session, User]]:
    """Return the active sessions and whose they are: everybody's or one user's, last seen first."""
    query = select(Session, User).join(User, User.id == Session.user_id)
    query = query.where(~_EXPIRED, User.disabled_at.is_(None), *([Session.user_id == user.id] if user else []))
    rows = await db.execute(query.order_by(Session.last_seen_at.desc(), Session.id), _cutoffs(now))
    return [(row[0], row[1]) for row in rows]


async def prune(db: AsyncSession, *, now: datetime) -> None:
    """Delete all sessions whose time is over."""
    await db.execute(delete(Session).where(_EXPIRED), _cutoffs(now))


def _cutoffs(now: datetime) -> dict[str, datetime]:
    return {
        "idle": now - IDLE,
        "absolute": now - ABSOLUTE,
        "remembered_idle": now - REMEMBERED_IDLE,
        "remembered_absolute": now - REMEMBERED_ABSOLUTE,
    }


def _hash(token: str) -> str:
    # A plain hash will do: the token has 256 random bits, nothing to guess.
    return hashlib.sha256(token.encode()).hexdigest()
