"""Looks up sessions: one by the token of a cookie, or lists of active ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from quart_auth_app.accounts.browsers import named
from quart_auth_app.accounts.sessions.lifetimes import EXPIRED, cutoffs
from quart_auth_app.accounts.sessions.session_tokens import hash_of
from quart_auth_app.database.units_of_work import LookUp
from quart_auth_app.models import Session, User, columns_of

_SUCCESSOR = aliased(Session)
_IS_OVER = and_(Session.replaced_by.is_not(None), ~exists().where(_SUCCESSOR.id == Session.replaced_by))
"""Whether the session was replaced by one that is gone: then it has ended too."""


@dataclass(frozen=True)
class Found:
    """An active session and its user: the values of all columns of both tables, by name."""

    session: Mapping[str, Any]
    user: Mapping[str, Any]

    @property
    def number(self) -> int:
        """The number of the session, or of the one that has replaced it."""
        number: int = self.session["replaced_by"] or self.session["id"]
        return number


async def by_token(look_up: LookUp, *, token: str, now: datetime) -> Found | None:
    """Return the active session with this token and its user, or None."""
    question, of_session, of_user = _by_token()
    row = await look_up(question, {"token_hash": hash_of(token), **cutoffs(now)})
    if not row:
        return None
    return Found(dict(zip(of_session, row, strict=False)), dict(zip(of_user, row[len(of_session) :], strict=True)))


@cache
def _by_token() -> tuple[Select[*tuple[Any, ...]], list[str], list[str]]:
    """Return the query, and the names of the session's and the user's columns in its rows."""
    # Built when it is first needed, because a site adds its columns to the user after this module is imported.
    of_session, of_user = columns_of(Session), columns_of(User)
    question = (
        select(*of_session.values(), *of_user.values())
        .join(User, User.id == Session.user_id)
        .where(Session.token_hash == bindparam("token_hash"), ~EXPIRED, ~_IS_OVER, User.disabled_at.is_(None))
    )
    return question, [*of_session], [*of_user]


async def touch(db: AsyncSession, *, session_id: int, now: datetime) -> None:
    """Store that the session was used at `now`, unless a later use is stored."""
    query = update(Session).where(Session.id == session_id, Session.last_seen_at < now)
    await db.execute(query.values(last_seen_at=now))


async def own(db: AsyncSession, *, user_id: int, first: int, now: datetime) -> list[tuple[Session, str]]:
    """Return the user's active sessions with their browsers' names: `first`, then the others, last seen first."""
    query = select(Session).where(Session.user_id == user_id, ~EXPIRED, Session.replaced_by.is_(None))
    query = query.order_by(Session.id != first, Session.last_seen_at.desc(), Session.id)
    return [(session, named(session.user_agent)) for session in await db.scalars(query, cutoffs(now))]


async def active(db: AsyncSession, *, user: User | None = None, now: datetime) -> list[tuple[Session, User]]:
    """Return the active sessions and their users: everybody's or one user's, last seen first.

    Of a renewed session only the new one is among them.
    """
    query = select(Session, User).join(User, User.id == Session.user_id)
    query = query.where(~EXPIRED, Session.replaced_by.is_(None), User.disabled_at.is_(None))
    query = query.where(*([Session.user_id == user.id] if user else []))
    rows = await db.execute(query.order_by(Session.last_seen_at.desc(), Session.id), cutoffs(now))
    return [(row[0], row[1]) for row in rows]


async def count_active(db: AsyncSession, *, now: datetime) -> int:
    """Return how many sessions have not expired."""
    query = select(func.count()).select_from(Session).where(~EXPIRED, Session.replaced_by.is_(None))
    return await db.scalar(query, cutoffs(now)) or 0
