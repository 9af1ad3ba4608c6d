"""What is done every hour."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from quart_auth_app.accounts import deletion
from quart_auth_app.accounts.browsers import OPERATOR
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import User
from quart_auth_app.operations import housekeeping
from tests.people import BOB, EVE, Accounts

NOW = datetime(2030, 1, 1, tzinfo=UTC)


async def test_a_user_whom_a_sites_own_table_holds_on_to_is_named_and_keeps_nobody_else_waiting(
    accounts: Accounts, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    for person in (BOB, EVE):
        user = await accounts.sign_up(**person)
        async with database.transaction() as db:
            await deletion.ask(db, user_id=user.id, browser=OPERATOR, now=NOW)
    await housekeeping.keep_house(database, now=NOW + deletion.GRACE - deletion.WARNING)
    async with database.transaction() as db:
        await db.execute(text('CREATE TABLE orders (user_id INTEGER REFERENCES "user" (id))'))
        await db.execute(text("INSERT INTO orders VALUES (1)"))
    await housekeeping.keep_house(database, now=NOW + deletion.GRACE)
    async with database.reading() as db:
        assert (await db.scalars(select(User.email))).all() == [BOB["email"]]
    warnings = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert warnings[0].startswith("user 1 asked to be deleted and can't be")
    async with database.transaction() as db:
        await db.execute(text("DROP TABLE orders"))
    await housekeeping.keep_house(database, now=NOW + deletion.GRACE + timedelta(hours=1))
    async with database.reading() as db:
        assert (await db.scalars(select(User.email))).all() == []


async def test_a_clock_that_jumps_ahead_deletes_nobody_early(accounts: Accounts, database: Database) -> None:
    """Nobody is deleted who was not told two days before, by a clock that was not ahead."""
    user = await accounts.sign_up(**BOB)
    async with database.transaction() as db:
        await deletion.ask(db, user_id=user.id, browser=OPERATOR, now=NOW)
    jumped = NOW + timedelta(days=400)
    for now, is_there in (
        (jumped, True),
        (jumped + timedelta(days=1), True),
        (NOW + timedelta(days=1), True),  # set right
        (jumped, True),
        (NOW + deletion.GRACE - timedelta(hours=1), True),
        (NOW + deletion.GRACE + timedelta(hours=1), True),  # told two days ago but two hours
        (NOW + deletion.GRACE - timedelta(hours=1) + deletion.WARNING, False),
    ):
        await housekeeping.keep_house(database, now=now)
        async with database.reading() as db:
            assert (await db.get(User, user.id) is not None) == is_there, now


async def test_an_account_is_deleted_though_no_server_ran_for_months(accounts: Accounts, database: Database) -> None:
    user = await accounts.sign_up(**BOB)
    async with database.transaction() as db:
        await deletion.ask(db, user_id=user.id, browser=OPERATOR, now=NOW)
    for days in (100, 102):
        await housekeeping.keep_house(database, now=NOW + timedelta(days=days))
    async with database.reading() as db:
        assert await db.get(User, user.id) is None
