"""Browsers that hang up in the middle of something leave nothing behind that is in others' way."""

import asyncio
import random
import sqlite3
from contextlib import closing, suppress

import pytest
from sqlalchemy import func, insert, select

from quart_auth_app import clock
from quart_auth_app.accounts.throttling import limits, throttle
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.instance import database_file
from quart_auth_app.models import Attempts
from tests.people import Client


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)  # the one whose write lock is everybody's
async def test_a_transaction_that_is_cut_off_gives_its_lock_up_at_once(database: Database) -> None:
    await database.get_ready()

    async def work() -> None:
        async with database.transaction() as db:
            await throttle.hit(db, (limits.LOG_IN_BY_ADDRESS, str(random.random())), now=clock.now())  # noqa: S311  # any will do

    dice = random.Random(1)  # noqa: S311  # repeatable, and no secret
    with closing(sqlite3.connect(str(database_file(database.url)), isolation_level=None, timeout=0.3)) as other:
        for _ in range(100):
            await work()  # opens a connection, so that what follows is not cut off while it opens one
            task = asyncio.create_task(work())
            await asyncio.sleep(dice.random() * 0.006)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await asyncio.sleep(0.01)
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")


@pytest.mark.parametrize("rows", [1, 2])  # which database drivers do in different ways
async def test_nothing_is_kept_of_a_transaction_that_is_cut_off(database: Database, rows: int) -> None:
    await database.get_ready()

    async def work() -> None:
        async with database.transaction() as db:
            for number in range(3):
                keys = [{"key": f"{number} {row}", "count": 1, "ends_at": clock.now()} for row in range(rows)]
                await db.execute(insert(Attempts), keys)
            await asyncio.sleep(60)

    dice = random.Random(1)  # noqa: S311  # repeatable, and no secret
    for _ in range(100):
        async with database.reading() as db:  # opens a connection, as above
            assert await db.scalar(select(func.count()).select_from(Attempts)) == 0
        task = asyncio.create_task(work())
        await asyncio.sleep(dice.random() * 0.006)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    async with database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(Attempts)) == 0


async def test_a_name_longer_than_any_file_may_have_is_not_found(client: Client) -> None:
    assert (await client.get(f"/static/{'x' * 3000}.css")).status_code == 404


async def test_a_message_that_says_in_two_ways_where_it_ends_is_refused_and_the_connection_closed(
    client: Client,
) -> None:
    response = await client.post("/login", headers={"Content-Length": "5", "Transfer-Encoding": "chunked"})
    assert (response.status_code, response.headers["Connection"]) == (400, "close")
