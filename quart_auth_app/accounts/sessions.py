"""Sessions: one row for each log-in, found by the token in the browser's cookie."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from quart_auth_app.accounts import activity
from quart_auth_app.accounts.browsers import OPERATOR, Browser, named
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.database.units_of_work import LookUp
from quart_auth_app.models import Session, Totp, User, columns_of

# NIST SP 800-63B asks for 12 h and 30 min (AAL2); these are longer, as for sites people keep open all day.
IDLE = timedelta(hours=1)
ABSOLUTE = timedelta(hours=24)
REMEMBERED_IDLE = timedelta(days=14)
REMEMBERED_ABSOLUTE = timedelta(days=30)

TOUCH_EVERY = timedelta(minutes=1)
"""How stale `last_seen_at` may get: a write for each page would cost more than the page."""

MAX_FOR_ONE = 50
"""Sessions that one account may have: more than anybody has browsers, and few enough to look through."""

OTHERS = "others"
"""What stands in the place of a session's number for all but the one that asks."""

TOKEN_BYTES = 32
"""256 random bits; ASVS 7.2.3 asks for 128."""

REPLACED_LASTS = timedelta(seconds=15)
"""How long a session that was renewed still counts: the second click of a double click comes with the old token."""

KEY = "key of tokens"
"""The key in a database session's `info` of what `token_by` derives tokens with."""

MAX_USER_AGENT_LENGTH = 255

MAX_METHODS_LENGTH = 100
"""Characters of all methods of one session; a site may have names of its own."""

COMPLETE = frozenset({"totp", "recovery-code", "passkey"})
"""Methods after which nothing is missing. A passkey with user verification is two factors by itself."""

_session = cast(Table, Session.__table__)


def _expired(times: Mapping[str, Any]) -> ColumnElement[bool]:
    return or_(
        # Not the comparison alone: without an end it is neither true nor false in SQL, and so is the whole.
        and_(Session.ends_at.is_not(None), Session.ends_at <= times["now"]),
        Session.last_seen_at <= times["remembered_idle"],
        Session.created_at <= times["remembered_absolute"],
        and_(
            ~Session.remember,
            or_(Session.last_seen_at <= times["idle"], Session.created_at <= times["absolute"]),
        ),
    )


_TIMES = ("now", "idle", "absolute", "remembered_idle", "remembered_absolute")
_EXPIRED = _expired({name: bindparam(name) for name in _TIMES})
# It locks the user's row until the session is stored: a change of password that comes now waits, then revokes it too.
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
"""Returns the session's number, and how many the user has. SQLite counts the new one, PostgreSQL doesn't."""
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
            ~_EXPIRED,
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
        ~_EXPIRED,
        User.password_version == bindparam("password_version"),
        User.disabled_at.is_(None),
    )
)
_OF_TOKEN = select(func.coalesce(_session.c.replaced_by, _session.c.id)).where(
    _session.c.token_hash == bindparam("token")
)
_REVOKE = delete(_session).where(or_(_session.c.token_hash == bindparam("token"), _session.c.id.in_(_OF_TOKEN)))
_SUCCESSOR = aliased(Session)
_IS_OVER = and_(Session.replaced_by.is_not(None), ~exists().where(_SUCCESSOR.id == Session.replaced_by))
"""A session goes with the one that has replaced it."""


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
"""Deletes all but so many of a user's sessions, those last used."""


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


@dataclass(frozen=True)
class Started:
    """A new session: its number, and the token for the browser's cookie, which is kept nowhere else."""

    number: int
    token: str
    are_many: bool
    """Whether its user may now have more sessions than MAX_FOR_ONE, see `trim`."""


@dataclass(frozen=True)
class Renewed:
    """A session with a new token: its number, and the token for the browser's cookie."""

    number: int
    token: str


class NoSuchSession(AccountError):
    """No session has this number, or not any more."""


def info(secret_key: str) -> dict[str, object]:
    """Return what the `info` of a database's sessions holds where this is SECRET_KEY."""
    return {KEY: hashlib.sha256(f"tokens of sessions {secret_key}".encode()).digest()}


def token_by(db: AsyncSession, proof: str | None) -> str:
    """Return a token: the same for the same `proof`, a secret that counts once; a random one where there is none.

    So the two answers to a double click bring the same cookie, whichever of them the browser keeps. Nobody can derive
    it who has not SECRET_KEY.
    """
    if proof is None or KEY not in db.info:
        return secrets.token_urlsafe(TOKEN_BYTES)
    return base64.urlsafe_b64encode(hmac.digest(db.info[KEY], proof.encode(), "sha256")).decode().rstrip("=")


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

    None if meanwhile the account was disabled or deleted, or has another password than the one that was just verified.
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
        "token_hash": _hash(token),
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
    """Revoke those of the user's sessions beyond MAX_FOR_ONE that were unused for the longest. Return how many.

    Two log-ins at once don't leave more: `start` holds a lock on the user.
    """
    ended = [named(user_agent) for user_agent in await db.scalars(_TRIM, {"user": user_id, "most": MAX_FOR_ONE})]
    for name in ended:
        await activity.note(db, user_id=user_id, kind="oldest_session_revoked", browser=browser, now=now, ended=name)
    return len(ended)


async def renew(
    db: AsyncSession, *, session_id: int, password_version: int, now: datetime, after: str | None = None
) -> Renewed | None:
    """Give a session whose owner has just proved who they are a new token (ASVS 7.2.4).

    The row of the old token, which is `after`, still counts for REPLACED_LASTS. Who comes by it in that time and proves
    it once more gets the same new token.

    None if meanwhile the session was revoked, or the account was disabled or has not the password of this version.
    """
    before = (await db.execute(_LOCK, {"session": session_id})).first()
    if not before:
        return None
    token = token_by(db, after and f"after {after}")
    version = {"password_version": password_version} | _cutoffs(now)
    if before.replaced_by:
        if await db.scalar(_IS_SUCCESSOR, version | {"id": before.replaced_by, "hash": _hash(token)}):
            return Renewed(before.replaced_by, token)
        token = token_by(db, None)  # the derived one was another successor's, whose row may still be there
    new = await db.scalar(_RENEW, version | {"session": session_id, "new_hash": _hash(token), "moment": now})
    if new is None:
        return None
    # Another successor has a token that can't be derived here: it is the one that the browser has dropped.
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


async def again(db: AsyncSession, *, proof: str, now: datetime) -> tuple[Session, str] | None:
    """Return the active session whose token was derived from this proof, and the token; None if there is none."""
    token = token_by(db, proof)
    query = select(Session).where(Session.token_hash == _hash(token), ~_EXPIRED)
    found = await db.scalar(query, _cutoffs(now))
    return (found, token) if found else None


async def add_method(db: AsyncSession, *, session_id: int, method: str) -> None:
    """Note that the session's owner has proved by this method too who they are."""
    query = update(Session).where(Session.id == session_id, Session.methods.not_like(f"%{method}%"))
    await db.execute(query.values(methods=Session.methods + f" {method}"))


async def by_token(look_up: LookUp, *, token: str, now: datetime) -> Found | None:
    """Return the active session that has this token, and whose it is, or None."""
    question, of_session, of_user = _by_token()
    row = await look_up(question, {"token_hash": _hash(token), **_cutoffs(now)})
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
        .where(Session.token_hash == bindparam("token_hash"), ~_EXPIRED, ~_IS_OVER, User.disabled_at.is_(None))
    )
    return question, [*of_session], [*of_user]


async def touch(db: AsyncSession, *, session_id: int, now: datetime) -> None:
    """Note that the session was used at `now`, if that is news."""
    query = update(Session).where(Session.id == session_id, Session.last_seen_at < now)
    await db.execute(query.values(last_seen_at=now))


def is_stale(last_seen_at: datetime, now: datetime) -> bool:
    """Tell whether it is time to `touch` the session."""
    return now - last_seen_at >= TOUCH_EVERY


async def revoke(db: AsyncSession, *, token: str) -> None:
    """Delete the session that has this token, and the one that has replaced it."""
    await db.execute(_REVOKE, {"token": _hash(token)})


async def revoke_all(db: AsyncSession, *, user: User) -> None:
    """Delete every session of this user."""
    await db.execute(delete(Session).where(Session.user_id == user.id))


async def count_active(db: AsyncSession, *, now: datetime) -> int:
    """Return how many sessions have not expired."""
    query = select(func.count()).select_from(Session).where(~_EXPIRED, Session.replaced_by.is_(None))
    return await db.scalar(query, _cutoffs(now)) or 0


async def revoke_one(db: AsyncSession, *, session_id: int, now: datetime) -> None:
    """Delete the session that has this number, for an operator. Raises NoSuchSession."""
    user_id = await db.scalar(delete(Session).where(Session.id == session_id).returning(Session.user_id))
    if user_id is None:
        raise NoSuchSession
    await activity.note(db, user_id=user_id, kind="sessions_revoked", browser=OPERATOR, now=now)


async def revoke_everybodys(db: AsyncSession, *, now: datetime) -> None:
    """Delete every session there is, for an operator."""
    for user_id in set(await db.scalars(delete(Session).returning(Session.user_id))):
        await activity.note(db, user_id=user_id, kind="sessions_revoked", browser=OPERATOR, now=now)


async def revoke_own(
    db: AsyncSession, *, user_id: int, session_id: int, browser: Browser, now: datetime, **details: str
) -> None:
    """Delete one of the user's own sessions. One that is gone already, or somebody else's, is no error."""
    query = delete(Session).where(Session.id == session_id, Session.user_id == user_id).returning(Session.user_agent)
    user_agent = await db.scalar(query)
    if user_agent is not None:
        ended = named(user_agent)
        await activity.note(
            db, user_id=user_id, kind="sessions_revoked", browser=browser, now=now, ended=ended, **details
        )


async def revoke_others(db: AsyncSession, *, user_id: int, keep: int | None) -> int:
    """Delete all of the user's sessions but the one with the number `keep`. Return how many there were.

    What was renewed into that one is kept too: the second click of a double click still comes by it.
    """
    others = [Session.user_id == user_id]
    if keep is not None:
        others += [Session.id != keep, Session.replaced_by.is_distinct_from(keep)]
    ended = await db.scalars(delete(Session).where(*others).returning(Session.replaced_by))
    return sum(replaced_by is None for replaced_by in ended)


async def revoke_wanted(
    db: AsyncSession, *, wanted: str, user_id: int, this: int, browser: Browser, now: datetime
) -> None:
    """Revoke the session whose number is `wanted`, or with OTHERS all of the user's but the one with the number `this`.

    What is no session of the user's, or is one no more, is no error: there is nothing left to do.
    """
    if wanted == OTHERS:
        if count := await revoke_others(db, user_id=user_id, keep=this):
            await activity.note(db, user_id=user_id, kind="sessions_revoked", browser=browser, now=now, count=count)
    elif (number := activity.number(wanted)) is not None:
        await revoke_own(db, user_id=user_id, session_id=number, browser=browser, now=now)


async def own(db: AsyncSession, *, user_id: int, first: int, now: datetime) -> list[tuple[Session, str]]:
    """Return the user's active sessions, each with its browser's name: `first`, then as they were last seen."""
    query = select(Session).where(Session.user_id == user_id, ~_EXPIRED, Session.replaced_by.is_(None))
    query = query.order_by(Session.id != first, Session.last_seen_at.desc(), Session.id)
    return [(session, named(session.user_agent)) for session in await db.scalars(query, _cutoffs(now))]


async def active(db: AsyncSession, *, user: User | None = None, now: datetime) -> list[tuple[Session, User]]:
    """Return the active sessions and whose they are: everybody's or one user's, last seen first.

    One that was renewed is not among them; the one that goes on in its place is.
    """
    query = select(Session, User).join(User, User.id == Session.user_id)
    query = query.where(~_EXPIRED, Session.replaced_by.is_(None), User.disabled_at.is_(None))
    query = query.where(*([Session.user_id == user.id] if user else []))
    rows = await db.execute(query.order_by(Session.last_seen_at.desc(), Session.id), _cutoffs(now))
    return [(row[0], row[1]) for row in rows]


def expired(now: datetime) -> ColumnElement[bool]:
    """Tell sessions whose time is over from the others."""
    return _expired(_cutoffs(now))


def _cutoffs(now: datetime) -> dict[str, datetime]:
    return {
        "now": now,
        "idle": now - IDLE,
        "absolute": now - ABSOLUTE,
        "remembered_idle": now - REMEMBERED_IDLE,
        "remembered_absolute": now - REMEMBERED_ABSOLUTE,
    }


def _hash(token: str) -> str:
    # A plain hash will do: the token has 256 random bits, nothing to guess.
    return hashlib.sha256(token.encode()).hexdigest()
