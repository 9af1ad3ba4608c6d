"""Deleting one's account: asked for, kept after all, or carried out when the days of grace are over."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import activity, sessions
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.models import DeletedUser, User

GRACE = timedelta(days=14)
"""How long a person may change their mind. GDPR, article 12(3), leaves a month in all."""


async def ask(db: AsyncSession, *, user_id: int, browser: Browser, now: datetime) -> datetime:
    """Have the account deleted after GRACE, and revoke its sessions. Return when that will be.

    To ask again does not put it off.
    """
    delete_at = now + GRACE
    query = update(User).where(User.id == user_id, User.delete_at.is_(None)).values(delete_at=delete_at)
    asked = await db.scalar(query.returning(User.id))
    await sessions.revoke_others(db, user_id=user_id, keep=None)
    if asked is None:
        return await db.scalar(select(User.delete_at).where(User.id == user_id)) or delete_at
    await activity.note(db, user_id=user_id, kind="deletion_asked", browser=browser, now=now)
    return delete_at


async def cancel(db: AsyncSession, *, user_id: int, browser: Browser, now: datetime) -> None:
    """Keep the account after all. Where it is not to be deleted there is nothing to do."""
    query = update(User).where(User.id == user_id, User.delete_at.is_not(None)).values(delete_at=None)
    if await db.scalar(query.returning(User.id)) is not None:
        await activity.note(db, user_id=user_id, kind="deletion_cancelled", browser=browser, now=now)


async def due(db: AsyncSession, *, now: datetime) -> Sequence[int]:
    """Return the numbers of the users whose grace is over."""
    return (await db.scalars(select(User.id).where(User.delete_at <= now).order_by(User.id))).all()


async def carry_out(db: AsyncSession, *, user_id: int, now: datetime) -> bool:
    """Delete the user, and tell whether that was done: until the last moment they may have cancelled it."""
    query = delete(User).where(User.id == user_id, User.delete_at <= now).returning(User.id)
    if await db.scalar(query) is None:
        return False
    await record(db, user_id=user_id, now=now)
    return True


async def record(db: AsyncSession, *, user_id: int, now: datetime) -> None:
    """Note that the user with this number was deleted, so that `repeat` can do it again after a backup is restored."""
    await db.merge(DeletedUser(id=user_id, at=now))


async def repeat(db: AsyncSession) -> Sequence[int]:
    """Delete again whom a restored backup has brought back, and return their numbers.

    Whoever got such a number after the restore is somebody else: the account is younger than the deletion.
    """
    was_deleted = select(DeletedUser.id).where(
        DeletedUser.id == User.id, or_(User.created_at.is_(None), User.created_at <= DeletedUser.at)
    )
    return (await db.scalars(delete(User).where(was_deleted.exists()).returning(User.id))).all()
