"""Log-ins that wait for their second step. They are no sessions: they have a table and a cookie of their own."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, Table, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import expiry
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.models import PendingLogIn, User

LASTS = timedelta(minutes=10)
"""How long the second step may take; ASVS 6.5.5 asks for 10 minutes at most for codes from another device."""

TRIES = 5
"""How many codes may be tried after one password. The account has limits too, see `throttle`."""

_pending = cast(Table, PendingLogIn.__table__)
_GIVEN = ["token_hash", "methods", "remember", "expires_at"]
_START = (
    insert(_pending)
    .from_select(
        ["user_id", "password_version", *_GIVEN],
        select(
            User.id,
            User.password_version,
            *(bindparam(f"new_{name}", type_=_pending.c[name].type) for name in _GIVEN),
        ).where(
            User.id == bindparam("user"),
            User.password_version == bindparam("proven_version"),
            User.disabled_at.is_(None),
        ),
    )
    .returning(_pending.c.id)
)


class NoPendingLogIn(AccountError):
    """The first step has expired, was made in another browser, or has no tries left."""


@dataclass(frozen=True)
class Pending:
    """A proven first factor."""

    id: int
    user_id: int
    methods: str
    remember: bool


async def start(db: AsyncSession, *, user: User, token: str, methods: str, remember: bool, now: datetime) -> str | None:
    """Store that `user` has proven a first factor. Returns `token`, which is for the browser's cookie.

    None if the account was disabled or its password changed since it was verified.
    """
    values = {
        "user": user.id,
        "proven_version": user.password_version,
        "new_token_hash": _hash(token),
        "new_methods": methods,
        "new_remember": remember,
        "new_expires_at": now + LASTS,
    }
    return token if await db.scalar(_START, values) is not None else None


async def again(db: AsyncSession, *, token: str, now: datetime) -> tuple[User, str] | None:
    """Return the user of this token, and the token; None if it was used or has expired."""
    query = select(User).join(PendingLogIn, PendingLogIn.user_id == User.id).where(*_good(token, now))
    user = await db.scalar(query)
    return (user, token) if user else None


async def email(db: AsyncSession, *, token: str, now: datetime) -> str:
    """Return the address of the user who may give a second step with this token. Raises NoPendingLogIn."""
    query = select(User.email).join(PendingLogIn, PendingLogIn.user_id == User.id).where(*_good(token, now))
    found = await db.scalar(query)
    if found is None:
        raise NoPendingLogIn
    return found


async def count_try(db: AsyncSession, *, token: str, now: datetime) -> Pending:
    """Count a try of a code before it is checked. Raises NoPendingLogIn."""
    query = update(PendingLogIn).where(*_good(token, now)).values(tries=PendingLogIn.tries + 1)
    columns = (PendingLogIn.id, PendingLogIn.user_id, PendingLogIn.methods, PendingLogIn.remember)
    row = (await db.execute(query.returning(*columns).execution_options(synchronize_session=False))).one_or_none()
    if row is None:
        raise NoPendingLogIn
    return Pending(*row)


async def consume(db: AsyncSession, *, pending: Pending) -> None:
    """Delete the pending log-in. Raises NoPendingLogIn for all but one of several requests at once."""
    query = delete(PendingLogIn).where(PendingLogIn.id == pending.id).returning(PendingLogIn.id)
    if await db.scalar(query) is None:
        raise NoPendingLogIn


async def cancel(db: AsyncSession, *, token: str) -> None:
    """Delete the pending log-in of this token."""
    await db.execute(delete(PendingLogIn).where(PendingLogIn.token_hash == _hash(token)))


async def cancel_all(db: AsyncSession, *, user_id: int) -> None:
    """Delete all pending log-ins of this user."""
    await db.execute(delete(PendingLogIn).where(PendingLogIn.user_id == user_id))


def expired(now: datetime) -> ColumnElement[bool]:
    """Return the condition for pending log-ins that have expired."""
    return PendingLogIn.expires_at <= now


def _good(token: str, now: datetime) -> list[ColumnElement[bool]]:
    is_as_it_was = (
        select(User.id)
        .where(
            User.id == PendingLogIn.user_id,
            User.password_version == PendingLogIn.password_version,
            User.disabled_at.is_(None),
        )
        .correlate(PendingLogIn)
        .exists()
    )
    return [
        PendingLogIn.token_hash == _hash(token),
        expiry.is_valid(PendingLogIn.expires_at, lasts=LASTS, now=now),
        PendingLogIn.tries < TRIES,
        is_as_it_was,
    ]


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
