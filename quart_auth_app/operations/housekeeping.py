"""Hourly work: deletes expired rows, and users who asked for it."""

import logging
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from quart_auth_app.accounts import daily_counts, deletion
from quart_auth_app.database.units_of_work import UnitOfWork, UnitsOfWork
from quart_auth_app.operations.pruning import prune
from quart_auth_app.progress import Tell, nobody

_log = logging.getLogger("quart_auth_app.housekeeping")


async def keep_house(database: UnitsOfWork, *, now: datetime, tell: Tell = nobody) -> None:
    """Do all hourly work."""
    await prune(database, now=now, tell=tell)
    async with database.transaction() as db:
        await daily_counts.prune(db, now=now)  # a few rows a day
        await deletion.warn(db, now=now)
    await delete_users(database.transaction, now=now, tell=tell)


async def delete_users(transaction: UnitOfWork, *, now: datetime, tell: Tell = nobody) -> None:
    """Delete users whose days of grace are over, and those whom a restored backup has brought back."""
    async with transaction() as db:
        again, due = await deletion.repeat(db, now=now), await deletion.due(db, now=now)
    for user_id in again:
        _log.info("user %s was deleted before, and is again", user_id)
    for done, user_id in enumerate(due):
        tell(done, len(due))
        try:
            async with transaction() as db:
                deleted = await deletion.carry_out(db, user_id=user_id, now=now)
        except IntegrityError as error:  # a site's own foreign key without CASCADE or SET NULL
            _log.warning("user %s asked to be deleted and can't be: %s", user_id, error.orig)
        else:
            if deleted:
                _log.info("user %s is deleted, as they asked", user_id)
