"""Sessions that are found: by the token of a cookie, or as lists of those that are active."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from quart_auth_app.accounts.browsers import named
from quart_auth_app.accounts.session_tokens import hash_of
from quart_auth_app.accounts.sessions.lifetimes import EXPIRED, cutoffs
from quart_auth_app.database.units_of_work import LookUp
from quart_auth_app.models import Session, User, columns_of

_SUCCESSOR = aliased(Session)
_IS_OVER = and_(Session.replaced_by.is_not(None), ~exists().where(_SUCCESSOR.id == Session.replaced_by))
"""A session goes with the one that has replaced it."""


@dataclass(frozen=True)
class Found:
    """An active session and the user whose it is: the values of all columns of both tables, by name."""

    session: Mapping[str, Any]
    user: Mapping[str, Any]

    @property
    def number(self) -> int:
        """The number of the session, or of the one that has replaced it."""
        number: int = self.session["replaced_by"] or self.session["id"]
        return number


async def by_token(look_up: LookUp, *, token: str, now: datetime) -> Found | None:
    """Return the active session that has this token, and whose it is, or None."""
    question, of_session, of_user = _by_token()
    row = await look_up(question, {"token_hash": hash_of(token), **cutoffs(now)})
    if not row:
        return None
    return Found(dict(zip(of_session, row, strict=False)), dict(zip(of_user, row[len(of_session) :], strict=True)))


@cache
def _by_token() -> tuple[Select[*tuple[Any, ...]], list[str], list[str]]:
    """Return the question, and the names of the columns of the session and of the user in its answer."""
    # Built when it is first needed: a site may have given the user columns of its own by then.
    of_session, of_user = columns_of(Session), columns_of(User)
    question = (
        select(*of_session.values(), *of_user.values())
        .join(User, User.id == Session.user_id)
        .where(Session.token_hash == bindparam("token_hash"), ~EXPIRED, ~_IS_OVER, User.disabled_at.is_(None))
    )
    return question, [*of_session], [*of_user]


async def touch(db: AsyncSession, *, session_id: int, now: datetime) -> None:
    """Note that the session was used at `now`, if that is news."""
    query = update(Session).where(Session.id == session_id, Session.last_seen_at < now)
    await db.execute(query.values(last_seen_at=now))


async def own(db: AsyncSession, *, user_id: int, first: int, now: datetime) -> list[tuple[Session, str]]:
    """Return the user's active sessions, each with its browser's name: `first`, then as they were last seen."""
    query = select(Session).where(Session.user_id == user_id, ~EXPIRED, Session.replaced_by.is_(None))
    query = query.order_by(Session.id != first, Session.last_seen_at.desc(), Session.id)
    return [(session, named(session.user_agent)) for session in await db.scalars(query, cutoffs(now))]


async def active(db: AsyncSession, *, user: User | None = None, now: datetime) -> list[tuple[Session, User]]:
    """Return the active sessions and whose they are: everybody's or one user's, last seen first.

    One that was renewed is not among them; the one that goes on in its place is.
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
