"""Starts sessions, whatever the way of logging in, and revokes the oldest if there are too many."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Boolean, Table, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.browsers import Browser, named
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.sessions.revoking import revoke
from quart_auth_app.accounts.sessions.session_tokens import hash_of, token_by
from quart_auth_app.models import Session, Totp, User

MAX_FOR_ONE = 50
"""Most sessions of one account: more than anybody has browsers, and few enough to look through."""

MAX_USER_AGENT_LENGTH = 255

MAX_METHODS_LENGTH = 100
"""Longest text of one session's methods in characters; a site may add methods with names of its own."""

COMPLETE = frozenset({"totp", "recovery-code", "passkey"})
"""Methods after which no second step is needed. A passkey with user verification is two factors by itself."""

_session = cast(Table, Session.__table__)
# This locks the user's row until the session is stored: a change of password waits, and then revokes it too.
_LET_IN = (
    update(User)
    .where(
        User.id == bindparam("user"),
        User.password_version == bindparam("version"),
        User.disabled_at.is_(None),
        or_(
            bindparam("is_complete", type_=Boolean()),
            ~select(Totp.user_id).where(Totp.user_id == User.id, Totp.confirmed_at.is_not(None)).exists(),
        ),
    )
    .values(last_log_in_at=bindparam("moment"))
    .returning(User.id)
    .execution_options(synchronize_session=False)
)
_START = insert(_session).returning(
    _session.c.id,
    select(func.count())
    .select_from(_session)
    .where(_session.c.user_id == bindparam("owner"), _session.c.replaced_by.is_(None))
    .scalar_subquery(),
)
"""Returns the session's number, and the user's count of sessions: SQLite's includes the new one, PostgreSQL's not."""

_TRIM = (
    delete(_session)
    .where(
        _session.c.id.in_(
            select(_session.c.id)
            .where(_session.c.user_id == bindparam("user"), _session.c.replaced_by.is_(None))
            .order_by(_session.c.last_seen_at.desc(), _session.c.id.desc())
            .offset(bindparam("most"))
        )
    )
    .returning(_session.c.user_agent)
)
"""Deletes a user's sessions except the most recently used ones."""


@dataclass(frozen=True)
class Started:
    """A new session: its number, and the token for the browser's cookie, which is stored nowhere else."""

    number: int
    token: str
    are_many: bool
    """Whether its user may now have more sessions than MAX_FOR_ONE, see `trim`."""


async def start(
    db: AsyncSession,
    *,
    user: User,
    remember: bool,
    address: str,
    user_agent: str,
    now: datetime,
    replaces: str | None,
    methods: Sequence[str] = ("password",),
    proof: str | None = None,
) -> Started | None:
    """Begin a session for `user`.

    `methods` is how they proved who they are, `proof` what its token is derived from, see `token_by`.

    None if the account was disabled or deleted, or its password changed, since it was verified.
    None too if the user has a second step and no method of COMPLETE was used: the database itself decides, so that
    nothing that starts a session can pass over the second step.
    The session of the token `replaces` is revoked: after a log-in, no cookie from before it counts. Raises ValueError
    if the names of `methods` are too long.
    """
    if (length := len(" ".join(methods))) > MAX_METHODS_LENGTH:
        raise ValueError(f"methods has {length} characters; allowed: at most {MAX_METHODS_LENGTH}")
    is_complete = not COMPLETE.isdisjoint(methods)
    let_in = {"user": user.id, "version": user.password_version, "is_complete": is_complete, "moment": now}
    if await db.scalar(_LET_IN, let_in) is None:
        return None
    token = token_by(db, proof)
    row = {
        "token_hash": hash_of(token),
        "user_id": user.id,
        "created_at": now,
        "last_seen_at": now,
        "authenticated_at": now,
        "remember": remember,
        "address": address,
        "user_agent": user_agent[:MAX_USER_AGENT_LENGTH],
        "methods": " ".join(methods),
    }
    number, count = (await db.execute(_START, row | {"owner": user.id})).one()
    if replaces:
        await revoke(db, token=replaces)
    return Started(number, token, are_many=count >= MAX_FOR_ONE)


async def trim(db: AsyncSession, *, user_id: int, browser: Browser, now: datetime) -> int:
    """Revoke the user's sessions beyond MAX_FOR_ONE, those that were unused longest. Returns how many.

    This also holds for two log-ins at once: `start` holds a lock on the user.
    """
    ended = [named(user_agent) for user_agent in await db.scalars(_TRIM, {"user": user_id, "most": MAX_FOR_ONE})]
    for name in ended:
        await activity.note(db, user_id=user_id, kind="oldest_session_revoked", browser=browser, now=now, ended=name)
    return len(ended)
