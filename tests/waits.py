"""Waits until an act waits for a lock that the test holds, however slow the machine is."""

import asyncio
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from quart_auth_app.database.units_of_work import Database

_WAIT_FOR_US = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")


async def until_another_waits(
    database: Database, db: AsyncSession | AsyncConnection, *acts: "asyncio.Future[Any]"
) -> None:
    """Return as soon as another unit of work waits for a lock that this one holds. Fails if one of the acts ends."""
    async with asyncio.timeout(30):
        while not await _is_waited_for(database, db):
            assert not any(act.done() for act in acts), "it waits to hear what becomes of this unit of work"
            await asyncio.sleep(0.01)


async def _is_waited_for(database: Database, db: AsyncSession | AsyncConnection) -> bool:
    if in_line := database._writing:  # all who write to SQLite
        return bool(in_line._waiters)
    return bool(await db.scalar(_WAIT_FOR_US))
