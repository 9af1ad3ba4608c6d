"""Issuing tokens, one for each mail with a link."""

import base64
import secrets
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.tokens.binding import bound_to, hash_of
from quart_auth_app.accounts.tokens.lifetimes import CHANGE, CONFIRM, LIFETIMES, LOG_IN, RESET, UNDO
from quart_auth_app.models import MailToken, SignUp, User

TOKEN_BYTES = 32
"""256 random bits; ASVS 6.5.2 asks for at least 112 if the stored hash is a plain one."""


def new() -> str:
    """Return a new token."""
    return base64.b32encode(secrets.token_bytes(TOKEN_BYTES)).decode().rstrip("=").lower()


async def issue_reset(db: AsyncSession, *, user: User, now: datetime) -> str:
    """Issue a token for choosing a new password."""
    return (await _issue(db, RESET, now, sent_to=user.email, **bound_to(user)))[1]


async def issue_log_in(db: AsyncSession, *, user: User, now: datetime) -> tuple[int, str]:
    """Issue a token for logging in. Returns its number, and the token."""
    return await _issue(db, LOG_IN, now, sent_to=user.email, **bound_to(user))


async def issue_change(db: AsyncSession, *, user: User, new_email: str, now: datetime) -> str:
    """Issue a token by which the logged-in user proves that they read the new address's mail."""
    return (await _issue(db, CHANGE, now, sent_to=new_email, **bound_to(user)))[1]


async def issue_undo(db: AsyncSession, *, user: User, old_email: str, changed_at: datetime) -> str:
    """Issue a token by which the reader of the former address's mail gets the account back.

    Its lifetime begins with the change, not now: the mail to the new address names its end.
    """
    return (await _issue(db, UNDO, changed_at, sent_to=old_email, **bound_to(user)))[1]


async def issue_confirm(db: AsyncSession, *, sign_up: SignUp, now: datetime) -> str:
    """Issue a token for confirming a sign-up."""
    values = {"sign_up_id": sign_up.id, "account_key": sign_up.email_key, "password_version": 0}
    return (await _issue(db, CONFIRM, now, sent_to=sign_up.email, **values))[1]


async def _issue(db: AsyncSession, purpose: str, now: datetime, **values: object) -> tuple[int, str]:
    """Issue a token. Returns its number, and the token itself, which is stored nowhere."""
    token = new()
    row = MailToken(token_hash=hash_of(token), purpose=purpose, expires_at=now + LIFETIMES[purpose], **values)
    db.add(row)
    await db.flush()
    return row.id, token
