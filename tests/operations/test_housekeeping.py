"""What is done every hour."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text, update

from quart_auth_app.accounts import deletion
from quart_auth_app.accounts.browsers import OPERATOR
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import DeletedUser, Mail, User
from quart_auth_app.operations import housekeeping, pruning
from tests import plans
from tests.conftest import MakeApp, services_of
from tests.inbox import Inbox
from tests.people import BOB, EVE, Accounts

NOW = datetime(2030, 1, 1, tzinfo=UTC)


async def test_a_user_whom_a_sites_own_table_holds_on_to_is_named_and_keeps_nobody_else_waiting(
    accounts: Accounts, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    for person in (BOB, EVE):
        user = await accounts.sign_up(**person)
        async with database.transaction() as db:
            await deletion.ask(db, user_id=user.id, found=None, browser=OPERATOR, now=NOW)
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


async def test_who_a_backup_brings_back_and_a_sites_own_table_holds_on_to_keeps_nobody_else_waiting(
    accounts: Accounts, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with database.transaction() as db:
        db.add_all([DeletedUser(id=1, at=NOW), DeletedUser(id=2, at=NOW)])
    for person in (BOB, EVE):
        await accounts.sign_up(**person)
    async with database.transaction() as db:
        await db.execute(text('CREATE TABLE orders (user_id INTEGER REFERENCES "user" (id))'))
        await db.execute(text("INSERT INTO orders VALUES (1)"))
    await housekeeping.keep_house(database, now=NOW)
    async with database.transaction() as db:
        assert (await db.scalars(select(User.email))).all() == [BOB["email"]]
        await db.execute(text("DROP TABLE orders"))
    warnings = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert [each.partition(":")[0] for each in warnings] == ["user 1 asked to be deleted and can't be"]


async def test_reminders_of_a_deletion_are_written_a_few_at_a_time_and_once(
    make_app: MakeApp, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "WARNED_AT_ONCE", 2)
    app = make_app(MAIL_URL=inbox.url)
    database = services_of(app).database
    async with database.transaction() as db:
        db.add_all([person(number, delete_at=NOW) for number in range(5)])
    for _ in range(2):
        await housekeeping.keep_house(database, now=NOW)
    async with database.reading() as db:
        queued = (await db.execute(select(Mail.kind, func.count()).group_by(Mail.kind))).all()
    assert [tuple(each) for each in queued] == [("deletion_near", 5)]
    async with database.transaction() as db:
        await db.execute(update(User).values(deletion_told_at=None))
        assert await deletion.warn(db, now=NOW) == 2


def person(number: int, *, delete_at: datetime) -> User:
    """Return a user who is going to be deleted."""
    email = f"{number}@example.com"
    return User(email=email, email_key=email, name="Bob", password="no hash", delete_at=delete_at)


async def test_hourly_work_reads_no_whole_table_while_it_holds_the_lock(accounts: Accounts, database: Database) -> None:
    await accounts.sign_up(**BOB)
    with plans.sent_to(database, reading=False) as sent, plans.sent_to(database) as all_sent:
        await housekeeping.keep_house(database, now=NOW)
    assert 0 < len(sent) < len(all_sent)
    assert await plans.whole_reads(database, sent) == {}


async def test_hourly_work_reads_no_whole_table_but_the_list_of_deleted_users(
    accounts: Accounts, database: Database
) -> None:
    await accounts.sign_up(**BOB)
    await accounts.log_in(email=BOB["email"], password=BOB["password"])
    with plans.sent_to(database) as sent:
        await housekeeping.keep_house(database, now=NOW)
    tables = [model.__tablename__ for model, _ in pruning.EXPIRED]
    assert [each for each in tables if not any(f"FROM {each}" in sql for sql in sent)] == []
    # Any of the deleted users may be back, if a backup was restored.
    read_whole = await plans.whole_reads(database, sent)
    assert [names for sql, names in read_whole.items() if "deleted_user" not in sql] == []


async def test_a_clock_that_jumps_ahead_deletes_nobody_early(accounts: Accounts, database: Database) -> None:
    """Nobody is deleted who was not told two days before, by a clock that was not ahead."""
    user = await accounts.sign_up(**BOB)
    async with database.transaction() as db:
        await deletion.ask(db, user_id=user.id, found=None, browser=OPERATOR, now=NOW)
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
        await deletion.ask(db, user_id=user.id, found=None, browser=OPERATOR, now=NOW)
    for days in (100, 102):
        await housekeeping.keep_house(database, now=NOW + timedelta(days=days))
    async with database.reading() as db:
        assert await db.get(User, user.id) is None
