"""Trying mails again: all of them, without making other writers wait for more than a batch."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from quart_auth_app.accounts import double_clicks, outbox, sessions
from quart_auth_app.accounts.browsers import OPERATOR
from quart_auth_app.accounts.roles import ADMIN
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Mail, SecurityEvent, User
from quart_auth_app.operations import retrying
from quart_auth_app.operations.acts import Admin
from tests import plans
from tests.people import BOB, Accounts

NOW = datetime(2030, 1, 1, tzinfo=UTC)
CLICK = replace(OPERATOR, form="a form that was opened once")


async def bob_as_admin(accounts: Accounts, database: Database) -> Admin:
    """Sign Bob up, make him an admin, and log him in."""
    user = await accounts.sign_up(**BOB)
    async with database.transaction() as db:
        await db.execute(update(User).where(User.id == user.id).values(roles=[ADMIN]))
        started = await sessions.start(db, user=user, remember=False, address="", user_agent="", now=NOW, replaces=None)
    assert started
    return Admin(found=sessions.Found({"id": started.number}, {"id": user.id}), browser=CLICK)


async def fail(database: Database, count: int) -> None:
    """Put mails into the outbox that have failed, between others that wait."""
    moments = dict.fromkeys(["created_at", "due_at", "give_up_at"], NOW)
    async with database.transaction() as db:
        for number in range(2 * count):
            failed = "550" if number % 2 else None
            db.add(Mail(kind="invite", to_address="a@b", params={}, message_id="<1@x>", failed=failed, **moments))


async def failed(database: Database) -> int:
    """Return how many mails have failed."""
    async with database.reading() as db:
        return len(await outbox.failed(db))


async def test_all_are_tried_again_a_batch_at_a_time_and_no_whole_table_is_read_under_the_lock(
    accounts: Accounts, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrying, "BATCH", 2)
    by = await bob_as_admin(accounts, database)
    await fail(database, 5)
    sizes = list[int]()
    retry = outbox.retry

    async def counted(db: Any, numbers: list[int], *, now: datetime) -> int:
        sizes.append(await retry(db, numbers, now=now))
        return sizes[-1]

    monkeypatch.setattr(outbox, "retry", counted)
    with plans.sent_to(database, reading=False) as sent:
        assert await retrying.retry_all(database, by=by, now=NOW) == 5
    assert sizes == [2, 2, 1]
    assert await plans.whole_reads(database, sent) == {}
    assert await failed(database) == 0
    async with database.reading() as db:
        kinds = (await db.scalars(select(SecurityEvent.kind))).all()
        assert kinds.count("admin_retry_mail") == 1
        assert await db.scalar(select(func.count()).where(Mail.due_at == NOW, Mail.attempts == 0)) == 10
        assert await double_clicks.made(db, CLICK, now=NOW) == 0


async def test_it_waits_for_no_act_that_changes_one_of_these_mails(database: Database, database_kind: str) -> None:
    """The act, such as the deletion of a user, may go on to another mail: each would wait for what the other holds."""
    if database_kind == "sqlite":
        pytest.skip("one lock for the whole database")
    await fail(database, 3)
    async with database.reading() as db:
        first, *_, last = await outbox.failed(db)
    async with database.transaction() as act:
        await act.execute(delete(Mail).where(Mail.id == last))
        async with asyncio.timeout(10):
            assert await retrying.retry_all(database, by=None, now=NOW) == 2
        await act.execute(delete(Mail).where(Mail.id == first))
    assert await failed(database) == 0


async def test_when_it_breaks_off_the_admin_can_go_on_at_once_and_the_activity_tells_of_it(
    accounts: Accounts, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrying, "BATCH", 2)
    by = await bob_as_admin(accounts, database)
    await fail(database, 5)
    retry = outbox.retry

    async def break_off(db: Any, numbers: list[int], *, now: datetime) -> int:
        if len(await outbox.failed(db)) == 3:
            raise ConnectionResetError
        return await retry(db, numbers, now=now)

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "retry", break_off)
        with pytest.raises(ConnectionResetError):
            await retrying.retry_all(database, by=by, now=NOW)
    assert await failed(database) == 3
    async with database.reading() as db:
        assert "admin_retry_mail" in (await db.scalars(select(SecurityEvent.kind))).all()
        assert await double_clicks.made(db, CLICK, now=NOW) is None
    assert await retrying.retry_all(database, by=by, now=NOW) == 3
    assert await failed(database) == 0
