"""Tokens in the links of mails: issued when a mail is sent, looked up any number of times, consumed once."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.errors import LinkInvalid, LinkUsed
from quart_auth_app.models import MailToken, SignUp, User

CONFIRM = "confirm"
RESET = "reset"
CHANGE = "email_change"
UNDO = "undo"
LOG_IN = "log_in"

LIFETIMES = {
    CONFIRM: timedelta(hours=24),
    RESET: timedelta(hours=1),
    CHANGE: timedelta(hours=2),
    UNDO: timedelta(hours=72),
    LOG_IN: timedelta(minutes=10),
}
"""Lifetimes by purpose. A reset lets anybody in who reads the mail, so it is short (1 hour in Laravel and better-auth
too). For a log-in, ASVS 6.5.5 asks for 10 minutes."""

TOKEN_BYTES = 32
"""256 random bits; ASVS 6.5.2 asks for at least 112 if the stored hash is a plain one."""

_TOKEN = re.compile(r"[a-z2-7]{52}")
"""Lower-case base32, so that no mail program takes the link's last character for punctuation."""


@dataclass(frozen=True)
class Linked:
    """The user or sign-up of a valid link."""

    sent_to: str
    user: User | None
    sign_up: SignUp | None


@dataclass(frozen=True)
class Consumed:
    """A token that has just been consumed."""

    number: int
    """The number of the user or of the sign-up."""
    sent_to: str
    expires_at: datetime


def new() -> str:
    """Return a new token."""
    return base64.b32encode(secrets.token_bytes(TOKEN_BYTES)).decode().rstrip("=").lower()


async def issue_reset(db: AsyncSession, *, user: User, now: datetime) -> str:
    """Issue a token for choosing a new password."""
    return (await _issue(db, RESET, now, sent_to=user.email, **_bound_to(user)))[1]


async def issue_log_in(db: AsyncSession, *, user: User, now: datetime) -> tuple[int, str]:
    """Issue a token for logging in. Returns its number, and the token."""
    return await _issue(db, LOG_IN, now, sent_to=user.email, **_bound_to(user))


async def issue_change(db: AsyncSession, *, user: User, new_email: str, now: datetime) -> str:
    """Issue a token by which the logged-in user proves that they read the new address's mail."""
    return (await _issue(db, CHANGE, now, sent_to=new_email, **_bound_to(user)))[1]


async def issue_undo(db: AsyncSession, *, user: User, old_email: str, changed_at: datetime) -> str:
    """Issue a token by which the reader of the former address's mail gets the account back.

    Its lifetime begins with the change, not now: the mail to the new address names its end.
    """
    return (await _issue(db, UNDO, changed_at, sent_to=old_email, **_bound_to(user)))[1]


async def issue_confirm(db: AsyncSession, *, sign_up: SignUp, now: datetime) -> str:
    """Issue a token for confirming a sign-up."""
    values = {"sign_up_id": sign_up.id, "account_key": sign_up.email_key, "password_version": 0}
    return (await _issue(db, CONFIRM, now, sent_to=sign_up.email, **values))[1]


def _bound_to(user: User) -> dict[str, object]:
    return {"user_id": user.id, "account_key": user.email_key, "password_version": user.password_version}


async def _issue(db: AsyncSession, purpose: str, now: datetime, **values: object) -> tuple[int, str]:
    """Issue a token. Returns its number, and the token itself, which is stored nowhere."""
    token = new()
    row = MailToken(token_hash=_hash(token), purpose=purpose, expires_at=now + LIFETIMES[purpose], **values)
    db.add(row)
    await db.flush()
    return row.id, token


async def look(db: AsyncSession, *, token: str, purpose: str, now: datetime) -> Linked:
    """Return the user or sign-up of the link. Consumes nothing. Raises LinkUsed or LinkInvalid."""
    query = (
        select(MailToken, User, SignUp)
        .outerjoin(User, and_(User.id == MailToken.user_id, _is_unchanged()))
        .outerjoin(SignUp, SignUp.id == MailToken.sign_up_id)
        .where(is_of(token), MailToken.purpose == purpose, MailToken.expires_at > now)
    )
    row = (await db.execute(query)).first() if _TOKEN.fullmatch(token) else None
    if not row:
        raise LinkInvalid
    found, user, sign_up = row
    if found.used_at:
        raise LinkUsed
    if not user and not sign_up:
        raise LinkInvalid
    return Linked(found.sent_to, user, sign_up)


async def consume(db: AsyncSession, *, token: str, purpose: str, now: datetime) -> Consumed:
    """Consume the token, and return whose it was.

    One statement, so that only one of several clicks at the same moment succeeds. Raises LinkUsed or LinkInvalid.
    """
    consumed = await _consume(db, is_of(token), purpose, now)
    if not consumed:
        await look(db, token=token, purpose=purpose, now=now)
        raise LinkInvalid
    return consumed


def is_of(token: str) -> ColumnElement[bool]:
    """Return the condition for this token's row."""
    return MailToken.token_hash == _hash(token)


async def consume_log_in(db: AsyncSession, *, number: int, now: datetime) -> Consumed | None:
    """Consume the token with this number, after its mailed code was typed; None if it was used or has expired."""
    return await _consume(db, MailToken.id == number, LOG_IN, now)


async def use_up_log_ins(db: AsyncSession, *, user_id: int, now: datetime) -> None:
    """Mark all log-in tokens of this user as used, because one of them was."""
    query = update(MailToken).where(
        MailToken.user_id == user_id, MailToken.purpose == LOG_IN, MailToken.used_at.is_(None)
    )
    await db.execute(query.values(used_at=now).execution_options(synchronize_session=False))


async def _consume(db: AsyncSession, which: ColumnElement[bool], purpose: str, now: datetime) -> Consumed | None:
    still_bound = or_(MailToken.sign_up_id.is_not(None), exists().where(User.id == MailToken.user_id, _is_unchanged()))
    query = (
        update(MailToken)
        .where(
            which,
            MailToken.purpose == purpose,
            MailToken.used_at.is_(None),
            MailToken.expires_at > now,
            still_bound,
        )
        .values(used_at=now)
        .returning(MailToken.user_id, MailToken.sign_up_id, MailToken.sent_to, MailToken.expires_at)
        .execution_options(synchronize_session=False)
    )
    row = (await db.execute(query)).first()
    return Consumed(row.user_id or row.sign_up_id, row.sent_to, row.expires_at) if row else None


async def use_up(db: AsyncSession, *, sign_up: SignUp, now: datetime) -> None:
    """Mark all links of a sign-up as used, because it has become an account."""
    query = update(MailToken).where(MailToken.sign_up_id == sign_up.id, MailToken.used_at.is_(None))
    await db.execute(query.values(used_at=now).execution_options(synchronize_session=False))


async def undo_until(db: AsyncSession, *, user_id: int, now: datetime) -> datetime | None:
    """Return until when a change of address can be undone by a mailed link; None if it can't."""
    return await db.scalar(
        select(func.max(MailToken.expires_at)).where(*_can_undo(user_id), MailToken.expires_at > now)
    )


async def void_undo(db: AsyncSession, *, user_id: int, since: datetime) -> None:
    """Delete the undo links of the change whose links expire at `since`, and of all later changes.

    Those of earlier changes stay: the earliest address is the most likely to be the owner's.
    """
    await db.execute(delete(MailToken).where(*_can_undo(user_id), MailToken.expires_at >= since))


def _can_undo(user_id: int) -> list[ColumnElement[bool]]:
    return [MailToken.user_id == user_id, MailToken.purpose == UNDO, MailToken.used_at.is_(None)]


def _is_unchanged() -> ColumnElement[bool]:
    """Return the condition that the account is enabled, and has the address and password of when the token was issued.

    An undo is bound to the account only: another change by the thief must not void it.
    """
    is_as_it_was = and_(User.email_key == MailToken.account_key, User.password_version == MailToken.password_version)
    return and_(User.disabled_at.is_(None), or_(MailToken.purpose == UNDO, is_as_it_was))


def expired(now: datetime) -> ColumnElement[bool]:
    """Return the condition for tokens that have expired."""
    return MailToken.expires_at <= now


def _hash(token: str) -> str:
    # A plain hash is enough, as nobody can guess 256 random bits.
    return hashlib.sha256(token.encode()).hexdigest()
