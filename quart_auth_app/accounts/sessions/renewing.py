"""Renews a session, which gets a new token, after its owner has given a proof again."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import SessionRevoked
from quart_auth_app.accounts.sessions.finding import Found
from quart_auth_app.accounts.sessions.lifetimes import EXPIRED, REPLACED_LASTS, cutoffs
from quart_auth_app.accounts.sessions.session_tokens import hash_of, token_by
from quart_auth_app.accounts.users import user_rows
from quart_auth_app.models import Session, User

_session = cast(Table, Session.__table__)
_LOCK = (
    select(_session.c.user_id, _session.c.replaced_by).where(_session.c.id == bindparam("session")).with_for_update()
)
_KEPT = ["user_id", "created_at", "remember", "address", "user_agent", "methods"]
_RENEW = (
    insert(_session)
    .from_select(
        [*_KEPT, "token_hash", "last_seen_at", "authenticated_at"],
        select(
            *(_session.c[name] for name in _KEPT),
            bindparam("new_hash", type_=_session.c.token_hash.type),
            bindparam("moment", type_=_session.c.last_seen_at.type),
            bindparam("moment", type_=_session.c.last_seen_at.type),
        )
        .join_from(_session, User, User.id == _session.c.user_id)
        .where(
            _session.c.id == bindparam("session"),
            ~EXPIRED,
            User.password_version == bindparam("password_version"),
            User.disabled_at.is_(None),
        ),
    )
    .returning(_session.c.id)
)
_IS_SUCCESSOR = (
    select(_session.c.id)
    .join_from(_session, User, User.id == _session.c.user_id)
    .where(
        _session.c.id == bindparam("id"),
        _session.c.token_hash == bindparam("hash"),
        ~EXPIRED,
        User.password_version == bindparam("password_version"),
        User.disabled_at.is_(None),
    )
)


@dataclass(frozen=True)
class Renewed:
    """A session with a new token: its number, and the token for the browser's cookie."""

    number: int
    token: str


async def renew(
    db: AsyncSession, *, session_id: int, password_version: int, now: datetime, after: str | None = None
) -> Renewed | None:
    """Replace a session, whose owner has just given a proof, by one with a new token (ASVS 7.2.4).

    The old session, whose token is `after`, stays active for REPLACED_LASTS. A second renewal of it in that time
    returns the same new token.

    None if the session was revoked, the account disabled, or its password changed meanwhile.
    """
    await user_rows.lock_owners(db, Session.id == session_id)
    before = (await db.execute(_LOCK, {"session": session_id})).first()
    if not before:
        return None
    token = token_by(db, after and f"after {after}")
    version = {"password_version": password_version} | cutoffs(now)
    if before.replaced_by:
        if await db.scalar(_IS_SUCCESSOR, version | {"id": before.replaced_by, "hash": hash_of(token)}):
            return Renewed(before.replaced_by, token)
        token = token_by(db, None)  # the derived token belongs to another successor, whose row may still exist
    new = await db.scalar(_RENEW, version | {"session": session_id, "new_hash": hash_of(token), "moment": now})
    if new is None:
        return None
    # A successor whose token can't be derived here is one that the browser doesn't have: delete it.
    dropped = [before.replaced_by] if before.replaced_by else []
    await db.execute(
        update(Session)
        .where(
            Session.user_id == before.user_id,
            or_(Session.id == session_id, Session.replaced_by.in_([session_id, *dropped])),
        )
        .values(replaced_by=new, ends_at=func.coalesce(Session.ends_at, now + REPLACED_LASTS))
        .execution_options(synchronize_session=False)
    )
    if dropped:
        await db.execute(delete(Session).where(Session.id.in_(dropped)))
    return Renewed(new, token)


async def insist_on_active(db: AsyncSession, *, found: Found) -> None:
    """Raise SessionRevoked if this session was revoked meanwhile. Whoever revokes it now waits for the transaction.

    Call it in the transaction of an act that outlives the session: a request may be under way for seconds.
    """
    number: int | None = found.session["id"]
    while number:
        held = (await db.execute(_LOCK, {"session": number})).first()
        if not held:
            raise SessionRevoked
        number = held.replaced_by


async def renew_own(
    db: AsyncSession, *, found: Found, browser: Browser, now: datetime, password_version: int | None = None
) -> Renewed:
    """Renew the session of a logged-in user. Raises SessionRevoked if `renew` returns None.

    `password_version` is the account's current one, if it differs from that of `found`.
    """
    version = found.user["password_version"] if password_version is None else password_version
    number = found.session["id"]
    renewed = await renew(db, session_id=number, password_version=version, now=now, after=browser.token)
    if not renewed:
        raise SessionRevoked
    return renewed


async def again(db: AsyncSession, *, proof: str, now: datetime) -> tuple[Session, str] | None:
    """Return the active session whose token was derived from this proof, and the token; None if there is none."""
    token = token_by(db, proof)
    query = select(Session).where(Session.token_hash == hash_of(token), ~EXPIRED)
    found = await db.scalar(query, cutoffs(now))
    return (found, token) if found else None


async def add_method(db: AsyncSession, *, session_id: int, method: str) -> None:
    """Add a method by which the session's owner has proved who they are."""
    query = update(Session).where(Session.id == session_id, Session.methods.not_like(f"%{method}%"))
    await db.execute(query.values(methods=Session.methods + f" {method}"))
