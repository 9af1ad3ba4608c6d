"""Deleting an account: asked for by its owner, cancelled, or carried out after the days of grace."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import access_keys, double_clicks, outbox, roles, sessions
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.credentials import ways_in
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.sessions import Found
from quart_auth_app.clock import LEEWAY
from quart_auth_app.models import DeletedUser, User

WARNING = timedelta(days=2)
"""How long before the deletion the person is reminded. Nobody is deleted without a reminder, so if a clock jumps ahead
by weeks, there are two days to correct it."""

GRACE = timedelta(days=14)
"""How long a person may cancel the deletion. GDPR, article 12(3), allows a month in all."""

WARNED_AT_ONCE = 20
"""Users who are reminded in one transaction, so that other writers wait for a few milliseconds only."""

LEASE = timedelta(minutes=10)
"""How long a server may take to announce a deletion before another server does it."""


async def ask(
    db: AsyncSession, *, user_id: int, found: Found | None, browser: Browser, now: datetime
) -> tuple[datetime, bool]:
    """Schedule the deletion after GRACE, and revoke all sessions. Returns its time, and whether it was just scheduled.

    `found` is the session that asks for it, None for the site's own code. Asking again does not postpone it. Raises
    LastAdmin or SessionRevoked.
    """
    await roles.keep_an_admin(db, user_id=user_id)
    if found:
        await ways_in.hold(db, found=found)
    delete_at = now + GRACE
    query = update(User).where(User.id == user_id, User.delete_at.is_(None))
    asked = await db.scalar(query.values(delete_at=delete_at, deletion_told_at=None).returning(User.id))
    await sessions.revoke_others(db, user_id=user_id, keep=None)
    await access_keys.revoke_all(db, user_id=user_id, browser=browser, now=now)
    if asked is None:
        return await db.scalar(select(User.delete_at).where(User.id == user_id)) or delete_at, False
    await activity.note(db, user_id=user_id, kind="deletion_asked", browser=browser, now=now)
    await double_clicks.store(db, browser, number=user_id, now=now)
    return delete_at, True


async def cancel(db: AsyncSession, *, user_id: int, browser: Browser, now: datetime) -> bool:
    """Cancel the deletion. Returns whether one was scheduled."""
    query = update(User).where(User.id == user_id, User.delete_at.is_not(None)).values(delete_at=None)
    if await db.scalar(query.returning(User.id)) is None:
        return False
    await activity.note(db, user_id=user_id, kind="deletion_cancelled", browser=browser, now=now)
    return True


async def due(db: AsyncSession, *, now: datetime) -> Sequence[int]:
    """Return the numbers of the users to delete now."""
    return (await db.scalars(select(User.id).where(_is_over(now)).order_by(User.delete_at, User.id))).all()


async def carry_out(db: AsyncSession, *, user_id: int, now: datetime) -> bool:
    """Delete the user. Returns False if they have cancelled it meanwhile."""
    query = delete(User).where(User.id == user_id, _is_over(now)).returning(User.email, User.language)
    gone = (await db.execute(query)).one_or_none()
    if gone is None:
        return False
    await record(db, user_id=user_id, email=gone.email, language=gone.language, now=now)
    return True


def _is_over(now: datetime) -> ColumnElement[bool]:
    return and_(User.delete_at <= now, User.deletion_told_at <= now - WARNING)


async def record(db: AsyncSession, *, user_id: int, email: str, language: str | None, now: datetime) -> None:
    """Store that the user with this number was deleted, so that `repeat` can do it again after a backup is restored.

    The person gets a mail, the only place with the address then. A server tells the site's code, see `unannounced`.
    """
    await db.merge(DeletedUser(id=user_id, at=now, announce_at=now))
    await outbox.queue(db, kind="deleted", to=email, language=language, now=now)


async def warn(db: AsyncSession, *, now: datetime) -> int:
    """Remind, once, users who will be deleted within WARNING; they are not deleted before WARNING has passed.

    One call reminds WARNED_AT_ONCE users at most, and returns how many. A reminder from a clock that was ahead doesn't
    count, so it is sent again.
    """
    untold = or_(User.deletion_told_at.is_(None), User.deletion_told_at > now + LEEWAY)
    near = and_(User.delete_at <= now + WARNING, untold)
    some = select(User.id).where(near).limit(WARNED_AT_ONCE).scalar_subquery()
    # The condition stands here too: another server may have reminded the same users since they were selected.
    query = update(User).where(User.id.in_(some), near).values(deletion_told_at=now)
    told = query.returning(User.id, User.email, User.delete_at).execution_options(synchronize_session=False)
    rows = (await db.execute(told)).all()
    for user_id, email, delete_at in rows:
        date = f"{max(delete_at or now, now + WARNING):%Y-%m-%d}"
        await outbox.queue(db, kind="deletion_near", to=email, user_id=user_id, now=now, date=date)
    return len(rows)


async def brought_back(db: AsyncSession) -> Sequence[int]:
    """Return the numbers of the users who were deleted, and whom a restored backup has brought back."""
    some = User.id.in_(select(DeletedUser.id))  # so that SQLite doesn't look at all users
    return (await db.scalars(select(User.id).where(some, _was_deleted()).order_by(User.id))).all()


async def repeat(db: AsyncSession, *, user_id: int, now: datetime) -> bool:
    """Delete again a user whom a restored backup has brought back. Returns False if another server has done so."""
    gone = await db.scalar(delete(User).where(User.id == user_id, _was_deleted()).returning(User.id))
    if gone is not None:
        await db.execute(update(DeletedUser).where(DeletedUser.id == user_id).values(announce_at=now))
    return gone is not None


def _was_deleted() -> ColumnElement[bool]:
    # If an account with such a number is younger than the deletion, it is another person's, made after the restore.
    is_older = or_(User.created_at.is_(None), User.created_at <= DeletedUser.at)
    return select(DeletedUser.id).where(DeletedUser.id == User.id, is_older).exists()


async def unannounced(db: AsyncSession, *, now: datetime) -> Sequence[int]:
    """Return the numbers of deleted users to announce to the site's code. For LEASE only the caller gets them."""
    is_due = or_(DeletedUser.announce_at <= now, DeletedUser.announce_at > now + LEASE + LEEWAY)
    if await db.scalar(select(DeletedUser.id).where(is_due).limit(1)) is None:
        return []
    query = update(DeletedUser).where(is_due).values(announce_at=now + LEASE).returning(DeletedUser.id)
    return (await db.scalars(query.execution_options(synchronize_session=False))).all()


async def announced(db: AsyncSession, *, user_id: int) -> None:
    """Store that the deletion was announced to the site's code."""
    await db.execute(update(DeletedUser).where(DeletedUser.id == user_id).values(announce_at=None))
