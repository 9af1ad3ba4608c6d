"""Tokens in the links of mails: issued when a mail is sent, looked at as often as one likes, consumed once."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.errors import LinkInvalid, LinkUsed
from quart_auth_app.models import MailToken, SignUp, User

CONFIRM = "confirm"
RESET = "reset"

LIFETIMES = {CONFIRM: timedelta(hours=24), RESET: timedelta(hours=1)}
"""By purpose. A reset lets in whoever reads the mail (Laravel and better-auth: 1 hour as well)."""

TOKEN_BYTES = 32
"""256 random bits; ASVS 6.5.2 asks for 112 where the hash that is stored is a plain one."""

_TOKEN = re.compile(r"[a-z2-7]{52}")
"""Lower-case base32, so that no program that reads mail takes the last character for punctuation."""


@dataclass(frozen=True)
class Linked:
    """What a link that is still good belongs to."""

    sent_to: str
    user: User | None
    sign_up: SignUp | None


def new() -> str:
    """Return a new token."""
    return base64.b32encode(secrets.token_bytes(TOKEN_BYTES)).decode().rstrip("=").lower()


async def issue_reset(db: AsyncSession, *, user: User, now: datetime) -> str:
    """Issue a token with which whoever reads the user's mail may choose a new password."""
    values = {"user_id": user.id, "account_key": user.email_key, "password_version": user.password_version}
    return await _issue(db, RESET, now, sent_to=user.email, **values)


async def issue_confirm(db: AsyncSession, *, sign_up: SignUp, now: datetime) -> str:
    """Issue a token with which a sign-up becomes an account."""
    values = {"sign_up_id": sign_up.id, "account_key": sign_up.email_key, "password_version": 0}
    return await _issue(db, CONFIRM, now, sent_to=sign_up.email, **values)


async def _issue(db: AsyncSession, purpose: str, now: datetime, **values: object) -> str:
    token = new()
    db.add(MailToken(token_hash=_hash(token), purpose=purpose, expires_at=now + LIFETIMES[purpose], **values))
    await db.flush()
    return token


async def look(db: AsyncSession, *, token: str, purpose: str, now: datetime) -> Linked:
    """Return what the link belongs to. Uses nothing up. Raises LinkUsed or LinkInvalid."""
    query = (
        select(MailToken, User, SignUp)
        .outerjoin(User, and_(User.id == MailToken.user_id, _is_unchanged()))
        .outerjoin(SignUp, SignUp.id == MailToken.sign_up_id)
        .where(MailToken.token_hash == _hash(token), MailToken.purpose == purpose, MailToken.expires_at > now)
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


async def consume(db: AsyncSession, *, token: str, purpose: str, now: datetime) -> int:
    """Use the token up, and return the number of the user or of the sign-up that it belongs to.

    One statement, so that of any number of clicks at the same moment one wins. Raises LinkUsed or LinkInvalid.
    """
    still_bound = or_(MailToken.sign_up_id.is_not(None), exists().where(User.id == MailToken.user_id, _is_unchanged()))
    query = (
        update(MailToken)
        .where(
            MailToken.token_hash == _hash(token),
            MailToken.purpose == purpose,
            MailToken.used_at.is_(None),
            MailToken.expires_at > now,
            still_bound,
        )
        .values(used_at=now)
        .returning(MailToken.user_id, MailToken.sign_up_id)
        .execution_options(synchronize_session=False)
    )
    row = (await db.execute(query)).first()
    if not row:
        await look(db, token=token, purpose=purpose, now=now)
        raise LinkInvalid
    number: int = row.user_id or row.sign_up_id
    return number


async def use_up(db: AsyncSession, *, sign_up: SignUp, now: datetime) -> None:
    """Mark all links of a sign-up as used that are not yet: it has become an account by another one, or by a code."""
    query = update(MailToken).where(MailToken.sign_up_id == sign_up.id, MailToken.used_at.is_(None))
    await db.execute(query.values(used_at=now).execution_options(synchronize_session=False))


def _is_unchanged() -> ColumnElement[bool]:
    """The account has the address and the password that it had when the token was made, and is open."""
    return and_(
        User.email_key == MailToken.account_key,
        User.password_version == MailToken.password_version,
        User.disabled_at.is_(None),
    )


async def prune(db: AsyncSession, *, now: datetime) -> None:
    """Delete tokens that have expired."""
    await db.execute(delete(MailToken).where(MailToken.expires_at <= now))


def _hash(token: str) -> str:
    # A plain hash will do: the token has 256 random bits, nothing to guess.
    return hashlib.sha256(token.encode()).hexdigest()
