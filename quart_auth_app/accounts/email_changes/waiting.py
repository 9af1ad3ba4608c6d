"""A change of address that waits for its confirmation."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import expiry, mailed_codes, sessions, tokens
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import SessionRevoked
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.sessions import Found
from quart_auth_app.models import EmailChange, User

LASTS = tokens.LIFETIMES[tokens.CHANGE]
"""How long a change waits: as short as people can manage, as a thief may have asked for it and come back."""


async def pending(db: AsyncSession, *, user_id: int, now: datetime) -> EmailChange | None:
    """Return the pending change, or None."""
    query = (
        select(EmailChange)
        .join(User, User.id == EmailChange.user_id)
        .where(
            EmailChange.user_id == user_id,
            expiry.is_valid(EmailChange.expires_at, lasts=LASTS, now=now),
            EmailChange.account_key == User.email_key,
            EmailChange.password_version == User.password_version,
        )
    )
    found: EmailChange | None = await db.scalar(query)
    return found


async def keep_code(db: AsyncSession, *, user_id: int, code_hash: str, now: datetime) -> None:
    """Store the hash of the code that is mailed now; earlier codes are void."""
    await mailed_codes.keep(db, EmailChange, EmailChange.user_id == user_id, code_hash=code_hash, now=now)


async def cancel(db: AsyncSession, *, user_id: int, browser: Browser, now: datetime) -> None:
    """Cancel the pending change, if there is one."""
    if await drop(db, user_id=user_id):
        await activity.note(db, user_id=user_id, kind="email_change_cancelled", browser=browser, now=now)


async def drop(db: AsyncSession, *, user_id: int) -> bool:
    """Delete the pending change, and return whether there was one. Its link and code are void without it."""
    query = delete(EmailChange).where(EmailChange.user_id == user_id).returning(EmailChange.user_id)
    return await db.scalar(query.execution_options(synchronize_session=False)) is not None


def expired(now: datetime) -> ColumnElement[bool]:
    """Return the condition for changes that nobody confirmed in time."""
    return EmailChange.expires_at <= now


async def locked(db: AsyncSession, found: Found) -> User:
    """Return this session's user with a row lock, so that nobody else changes it until the transaction ends.

    Raises SessionRevoked if the session was revoked meanwhile: a thief's request must not outlive it.
    """
    # Stronger than the lock of `ways_in.hold`: `email_key` is a key of the table, and PostgreSQL locks a row for its
    # change against foreign keys too. A lock that grows in the middle of a transaction can end in a deadlock.
    query = select(User).where(User.id == found.user["id"]).with_for_update()
    user = await db.scalar(query.execution_options(populate_existing=True))
    await sessions.insist_on_active(db, found=found)
    if user is None:
        raise SessionRevoked
    return user
