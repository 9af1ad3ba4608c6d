"""Locks a user's row: whoever changes an account does so before touching anything else of it.

Otherwise two acts on one account could each hold what the other waits for, and PostgreSQL would end one of them by an
error. An event of the activity and a renewed session lock the user too, by their foreign keys.
"""

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.models import Session, User


async def lock(db: AsyncSession, *, user_id: int) -> None:
    """Lock the user's row, so that only one request at a time changes the account."""
    await _lock(db, User.id == user_id)


async def lock_owners(db: AsyncSession, *which: ColumnElement[bool]) -> None:
    """Lock the users of these sessions, in fixed order."""
    await _lock(db, User.id.in_(select(Session.user_id).where(*which)))


async def _lock(db: AsyncSession, whose: ColumnElement[bool]) -> None:
    # FOR NO KEY UPDATE: a new session's foreign key must not wait for it, see `ways_in.hold`.
    await db.execute(select(User.id).where(whose).order_by(User.id).with_for_update(key_share=True))
