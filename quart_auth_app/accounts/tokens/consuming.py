"""Looking tokens up, which may be done any number of times, and consuming them, which may be done once."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.errors import LinkInvalid, LinkUsed
from quart_auth_app.accounts.tokens.binding import is_of, is_unchanged
from quart_auth_app.accounts.tokens.lifetimes import LOG_IN, is_valid
from quart_auth_app.models import MailToken, SignUp, User

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


async def look(db: AsyncSession, *, token: str, purpose: str, now: datetime) -> Linked:
    """Return the user or sign-up of the link. Consumes nothing. Raises LinkUsed or LinkInvalid."""
    query = (
        select(MailToken, User, SignUp)
        .outerjoin(User, and_(User.id == MailToken.user_id, is_unchanged()))
        .outerjoin(SignUp, SignUp.id == MailToken.sign_up_id)
        .where(is_of(token), MailToken.purpose == purpose, is_valid(purpose, now))
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


async def consume_log_in(db: AsyncSession, *, number: int, now: datetime) -> Consumed | None:
    """Consume the token with this number, after its mailed code was typed; None if it was used or has expired."""
    return await _consume(db, MailToken.id == number, LOG_IN, now)


async def _consume(db: AsyncSession, which: ColumnElement[bool], purpose: str, now: datetime) -> Consumed | None:
    # The account stays as the token's condition finds it until the transaction ends, and two links wait for each other.
    owner = select(User.id).join(MailToken, MailToken.user_id == User.id).where(which, MailToken.purpose == purpose)
    await db.execute(owner.with_for_update(of=User, key_share=True))
    still_bound = or_(MailToken.sign_up_id.is_not(None), exists().where(User.id == MailToken.user_id, is_unchanged()))
    query = (
        update(MailToken)
        .where(
            which,
            MailToken.purpose == purpose,
            MailToken.used_at.is_(None),
            is_valid(purpose, now),
            still_bound,
        )
        .values(used_at=now)
        .returning(MailToken.user_id, MailToken.sign_up_id, MailToken.sent_to, MailToken.expires_at)
        .execution_options(synchronize_session=False)
    )
    row = (await db.execute(query)).first()
    return Consumed(row.user_id or row.sign_up_id, row.sent_to, row.expires_at) if row else None


async def use_up_log_ins(db: AsyncSession, *, user_id: int, now: datetime) -> None:
    """Mark all log-in tokens of this user as used, because one of them was."""
    query = update(MailToken).where(
        MailToken.user_id == user_id, MailToken.purpose == LOG_IN, MailToken.used_at.is_(None)
    )
    await db.execute(query.values(used_at=now).execution_options(synchronize_session=False))


async def use_up(db: AsyncSession, *, sign_up: SignUp, now: datetime) -> None:
    """Mark all links of a sign-up as used, because it has become an account."""
    query = update(MailToken).where(MailToken.sign_up_id == sign_up.id, MailToken.used_at.is_(None))
    await db.execute(query.values(used_at=now).execution_options(synchronize_session=False))
