"""Hourly work: deletes expired rows, and users who asked for it."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from quart_auth_app.accounts import deletion
from quart_auth_app.accounts.history import daily_counts
from quart_auth_app.database.units_of_work import UnitOfWork, UnitsOfWork
from quart_auth_app.operations.pruning import prune
from quart_auth_app.progress import Tell, nobody

_log = logging.getLogger("quart_auth_app.housekeeping")


async def keep_house(database: UnitsOfWork, *, now: datetime, tell: Tell = nobody) -> None:
    """Do all hourly work."""
    await prune(database, now=now, tell=tell)
    async with database.transaction() as db:
        await daily_counts.prune(db, now=now)  # a few rows a day
    while await _warn(database.transaction, now):
        pass
    await delete_users(database, now=now, tell=tell)


async def _warn(transaction: UnitOfWork, now: datetime) -> int:
    async with transaction() as db:
        return await deletion.warn(db, now=now)


async def delete_users(database: UnitsOfWork, *, now: datetime, tell: Tell = nobody) -> None:
    """Delete users whose days of grace are over, and those whom a restored backup has brought back."""
    async with database.reading() as db:
        again, due = await deletion.brought_back(db), await deletion.due(db, now=now)
    for user_id in again:
        await _delete(database.transaction, deletion.repeat, user_id, now, "user %s was deleted before, and is again")
    for done, user_id in enumerate(due):
        tell(done, len(due))
        await _delete(database.transaction, deletion.carry_out, user_id, now, "user %s is deleted, as they asked")


async def _delete(
    transaction: UnitOfWork, how: Callable[..., Awaitable[bool]], user_id: int, now: datetime, message: str
) -> None:
    # One transaction for each: other writers wait for one user only, and whom a site's table holds on to stops nobody.
    try:
        async with transaction() as db:
            deleted = await how(db, user_id=user_id, now=now)
    except IntegrityError as error:  # a site's own foreign key without CASCADE or SET NULL
        _log.warning("user %s asked to be deleted and can't be: %s", user_id, error.orig)
    else:
        if deleted:
            _log.info(message, user_id)
