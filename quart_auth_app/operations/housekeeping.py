"""Deletes what has expired, and users whose time has come."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import (
    access_keys,
    activity,
    daily_counts,
    deletion,
    email_changes,
    mailed_log_in,
    outbox,
    pending_log_ins,
    sessions,
    sign_ups,
    throttle,
    tokens,
)
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.progress import Tell, nobody

_log = logging.getLogger("quart_auth_app.housekeeping")


_PRUNE: tuple[Callable[..., Awaitable[None]], ...] = (
    sessions.prune,
    access_keys.prune,
    throttle.prune,
    pending_log_ins.prune,
    activity.prune,
    daily_counts.prune,
    tokens.prune,
    sign_ups.prune,
    email_changes.prune,
    mailed_log_in.prune,
    outbox.prune,
)


async def keep_house(transaction: UnitOfWork, *, now: datetime, tell: Tell = nobody) -> None:
    """Do all that is to be done every hour."""
    async with transaction() as db:
        await prune(db, now=now, tell=tell)
        await deletion.warn(db, now=now)
    await delete_users(transaction, now=now, tell=tell)


async def prune(db: AsyncSession, *, now: datetime, tell: Tell = nobody) -> None:
    """Delete expired sessions and keys, log-ins that nobody finished, past counts of attempts, old events, old mail."""
    for done, delete in enumerate(_PRUNE):
        tell(done, len(_PRUNE))
        await delete(db, now=now)


async def delete_users(transaction: UnitOfWork, *, now: datetime, tell: Tell = nobody) -> None:
    """Delete users who asked for it, and those whom a restored backup has brought back."""
    async with transaction() as db:
        again, due = await deletion.repeat(db, now=now), await deletion.due(db, now=now)
    for user_id in again:
        _log.info("user %s was deleted before, and is again", user_id)
    for done, user_id in enumerate(due):
        tell(done, len(due))
        try:
            async with transaction() as db:
                deleted = await deletion.carry_out(db, user_id=user_id, now=now)
        except IntegrityError as error:  # a site's own table points here, and says neither CASCADE nor SET NULL
            _log.warning("user %s asked to be deleted and can't be: %s", user_id, error.orig)
        else:
            if deleted:
                _log.info("user %s is deleted, as they asked", user_id)
