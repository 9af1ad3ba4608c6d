"""Expired rows are deleted a few at a time, and only while they are expired."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, event, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.throttling.limits import LOG_IN_BY_ADDRESS
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Attempts, Session, User
from quart_auth_app.models.base import Base
from quart_auth_app.operations import pruning
from tests import databases
from tests.bystanders import row
from tests.people import BOB, Accounts

NOW = datetime(2030, 1, 1, tzinfo=UTC)
NAMES_OF_ENDS = {"expires_at", "ends_at", "give_up_at"}


async def fill(database: Database, rows: int) -> None:
    """Add so many counts whose time is over."""
    async with database.transaction() as db:
        values = [{"key": f"{number:064}", "count": 1, "ends_at": NOW} for number in range(rows)]
        await db.execute(insert(Attempts), values)


async def test_no_transaction_deletes_more_than_a_batch(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 10)
    monkeypatch.setattr(pruning, "FOUND_AT_ONCE", 25)
    await fill(database, 61)
    deleted: list[int] = []

    def executed(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("DELETE FROM attempts"):
            deleted.append(cursor.rowcount)

    engine = database.engine.sync_engine
    event.listen(engine, "after_cursor_execute", executed)
    await pruning.prune(database, now=NOW)
    event.remove(engine, "after_cursor_execute", executed)
    assert (sum(deleted), max(deleted)) == (61, 10)


@pytest.mark.parametrize("gap", [0, 45])
async def test_expired_sessions_are_found_wherever_their_numbers_lie(
    accounts: Accounts, database: Database, monkeypatch: pytest.MonkeyPatch, gap: int
) -> None:
    monkeypatch.setattr(pruning, "LOOKED_AT_ONCE", 10)
    await accounts.sign_up(**BOB)
    async with database.transaction() as db:
        table = Session.__table__
        assert isinstance(table, Table)
        numbers = [*range(5, 26), *range(26 + gap, 30 + gap)]
        old, new = (
            row(table, 1, 0, at) | {"user_id": 1, "ends_at": None, "replaced_by": None}
            for at in (NOW - timedelta(days=99), NOW)
        )
        each = [(old if number % 3 else new) | {"id": number, "token_hash": f"{number}"} for number in numbers]
        await db.execute(insert(table), each)
    await pruning.prune(database, now=NOW)
    async with database.reading() as db:
        left = (await db.scalars(select(Session.id).order_by(Session.id))).all()
    assert left == [number for number in numbers if not number % 3]


async def test_rows_that_a_sites_trigger_holds_on_to_do_not_keep_the_hourly_work_from_ending(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "FOUND_AT_ONCE", 2)
    await fill(database, 5)
    body = "BEGIN SELECT RAISE(IGNORE); END"
    async with database.transaction() as db:
        if database.url.get_backend_name() != "sqlite":
            keep = "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
            await db.execute(text(keep))
            body = "FOR EACH ROW EXECUTE FUNCTION keep()"
        await db.execute(text(f"CREATE TRIGGER held BEFORE DELETE ON attempts {body}"))
    await pruning.prune(database, now=NOW)
    async with database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(Attempts)) == 5


class Meanwhile:
    """A database in which a count begins anew before each transaction."""

    def __init__(self, database: Database) -> None:
        self.reading = database.reading
        self._transaction = database.transaction

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Give a session whose work is committed at the end."""
        async with self._transaction() as db:
            first = Attempts.key == f"{0:064}"
            await db.execute(update(Attempts).where(first).values(ends_at=NOW + LOG_IN_BY_ADDRESS.window))
        async with self._transaction() as db:
            yield db


async def test_a_count_that_begins_anew_meanwhile_stays(database: Database) -> None:
    await fill(database, 2)
    await pruning.prune(Meanwhile(database), now=NOW)
    async with database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(Attempts)) == 1


@pytest.mark.skipif(not databases.POSTGRES, reason="TEST_POSTGRES_URL is not set")
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_it_waits_for_no_act_that_holds_a_row(database: Database) -> None:
    """An act that revokes two expired sessions would otherwise wait in its turn for the one that is deleted here."""
    here = {"created_at": NOW, "last_seen_at": NOW, "authenticated_at": NOW, "address": "", "user_agent": ""}
    async with database.transaction() as db:
        db.add(user := User(email="a", email_key="a", name="Bob", password="no hash"))
        await db.flush()
        db.add_all([Session(user_id=user.id, token_hash=f"{number}", remember=False, **here) for number in range(2)])
    async with database.transaction() as db:
        await db.execute(select(Session).where(Session.token_hash == "1").with_for_update())
        await asyncio.wait_for(pruning.prune(database, now=NOW + timedelta(days=99)), 30)
        assert len((await db.scalars(select(Session.id))).all()) == 1
    await pruning.prune(database, now=NOW + timedelta(days=99))
    async with database.reading() as db:
        assert not (await db.scalars(select(Session.id))).all()


def test_every_table_whose_rows_have_an_end_is_pruned() -> None:
    have_an_end = {mapper.class_ for mapper in Base.registry.mappers if NAMES_OF_ENDS & {*mapper.columns.keys()}}
    assert have_an_end <= {model for model, _ in pruning.EXPIRED}


async def test_no_row_is_expired_while_it_is_new_and_each_one_is_years_later(database: Database) -> None:
    person = {"email": "bob@example.com", "email_key": "bob@example.com", "name": "Bob", "password": "no hash"}
    async with database.transaction() as db:
        db.add(User(id=1, password_version=1, **person))
        await db.flush()
        for model, expired in pruning.EXPIRED:
            table = model.__table__
            assert isinstance(table, Table)
            values = row(table, 1, 0, NOW)
            key = table.primary_key.columns[0]
            await db.execute(
                insert(table).values(values if key.foreign_keys else {key.name: key.type.python_type(1)} | values)
            )
            for later, deleted in ((timedelta(seconds=-1), 0), (timedelta(days=5 * 365), 1)):
                query = select(func.count()).select_from(model).where(expired(NOW + later))
                assert await db.scalar(query) == deleted, (table.name, later)
