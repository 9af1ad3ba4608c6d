"""Revokes sessions: at log-out, by their owner from another browser, or by an operator."""

from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, Table, bindparam, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import double_clicks
from quart_auth_app.accounts.browsers import OPERATOR, Browser, named
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.sessions.session_tokens import hash_of
from quart_auth_app.accounts.users import user_rows
from quart_auth_app.models import Session, User

OTHERS = "others"
"""Sent instead of a session's number for all sessions except the current one."""

_session = cast(Table, Session.__table__)
_OF_TOKEN = select(func.coalesce(_session.c.replaced_by, _session.c.id)).where(
    _session.c.token_hash == bindparam("token")
)
_REVOKE = delete(_session).where(or_(_session.c.token_hash == bindparam("token"), _session.c.id.in_(_OF_TOKEN)))


class NoSuchSession(AccountError):
    """No session has this number, or not any more."""


async def revoke(db: AsyncSession, *, token: str) -> None:
    """Delete the session with this token, and the one that has replaced it."""
    await db.execute(_REVOKE, {"token": hash_of(token)})


async def revoke_all(db: AsyncSession, *, user: User) -> None:
    """Delete every session of this user."""
    await db.execute(delete(Session).where(Session.user_id == user.id))


async def revoke_one(db: AsyncSession, *, session_id: int, now: datetime) -> None:
    """Delete the session with this number, for an operator. Raises NoSuchSession."""
    await user_rows.lock_owners(db, _is(session_id))
    user_id = await db.scalar(delete(Session).where(_is(session_id)).returning(Session.user_id))
    if user_id is None:
        raise NoSuchSession
    await activity.note(db, user_id=user_id, kind="sessions_revoked", browser=OPERATOR, now=now)


def _is(session_id: int) -> ColumnElement[bool]:
    # Also the one that has replaced it: the number may have been read before the renewal.
    replaced_by = select(_session.c.replaced_by).where(_session.c.id == session_id).scalar_subquery()
    return or_(Session.id == session_id, Session.id == replaced_by)


async def revoke_everybodys(db: AsyncSession, *, now: datetime) -> None:
    """Delete all sessions of all users, for an operator."""
    await user_rows.lock_owners(db)
    for user_id in set(await db.scalars(delete(Session).returning(Session.user_id))):
        await activity.note(db, user_id=user_id, kind="sessions_revoked", browser=OPERATOR, now=now)


async def revoke_own(
    db: AsyncSession, *, user_id: int, session_id: int, browser: Browser, now: datetime, **details: str
) -> bool:
    """Delete one of the user's own sessions. Return whether there was one."""
    which = [Session.user_id == user_id, _is(session_id)]
    await user_rows.lock(db, user_id=user_id)
    user_agent = await db.scalar(delete(Session).where(*which).returning(Session.user_agent))
    if user_agent is None:
        return False
    ended = named(user_agent)
    await activity.note(db, user_id=user_id, kind="sessions_revoked", browser=browser, now=now, ended=ended, **details)
    return True


async def revoke_others(db: AsyncSession, *, user_id: int, keep: int | None) -> int:
    """Delete all of the user's sessions but the one with the number `keep`. Return how many there were.

    Sessions that `keep` has replaced stay too: the second click of a double click still uses one.
    """
    others = [Session.user_id == user_id]
    if keep is not None:
        others += [Session.id != keep, Session.replaced_by.is_distinct_from(keep)]
    ended = await db.scalars(delete(Session).where(*others).returning(Session.replaced_by))
    return sum(replaced_by is None for replaced_by in ended)


async def revoke_wanted(
    db: AsyncSession, *, wanted: str, user_id: int, this: int, browser: Browser, now: datetime
) -> None:
    """Revoke the session with the number `wanted`, or with OTHERS all of the user's sessions except number `this`.

    Raises NoSuchSession if the user has no session with that number.
    """
    if wanted == OTHERS:
        if count := await revoke_others(db, user_id=user_id, keep=this):
            await activity.note(db, user_id=user_id, kind="sessions_revoked", browser=browser, now=now, count=count)
        return
    number = activity.number(wanted)
    if number is None or not await revoke_own(db, user_id=user_id, session_id=number, browser=browser, now=now):
        raise NoSuchSession
    await double_clicks.store(db, browser, number=number, now=now)
