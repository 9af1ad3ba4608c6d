"""The user's own security log: every event with its act, no event without it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from quart import Quart
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import sessions, users
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.history import activity, failed_log_ins
from quart_auth_app.accounts.history.failed_log_ins import FailedLogIns
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import SecurityEvent
from quart_auth_app.operations import pruning
from tests.conftest import services_of
from tests.counting import counting
from tests.people import BOB, EVE, Accounts, Client, Clock, elsewhere

NOW = datetime(2030, 1, 1, tzinfo=UTC)
FIREFOX = Browser(address="10.0.0.1", user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0")


async def events_of(database: Database, user_id: int = 1) -> Sequence[SecurityEvent]:
    """Return the user's newest events."""
    async with database.reading() as db:
        return await activity.page(db, user_id=user_id)


async def test_sign_up_log_in_and_log_out_are_there_with_address_and_browser(
    client: Client, database: Database
) -> None:
    headers = {"User-Agent": FIREFOX.user_agent}
    await client.post("/signup", form=BOB, headers=headers)
    for _ in range(2):
        await client.post("/login", form=BOB, headers=headers, scope_base={"client": ("10.9.9.9", 1)})
    await client.post("/logout")
    out, again, first, created = await events_of(database)
    assert [each.kind for each in (created, first, again, out)] == ["created", "logged_in", "logged_in", "logged_out"]
    assert (first.details, again.details) == ({"new_device": True}, {"new_device": False})
    assert (first.address, first.browser) == ("10.9.9.9", "Firefox on Linux")


async def test_what_an_operator_does_is_there_without_a_browser(accounts: Accounts, database: Database) -> None:
    bob = await accounts.sign_up(**BOB)
    await accounts.log_in(email=BOB["email"], password=BOB["password"])
    here = accounts.services
    async with database.transaction() as db:
        await sessions.revoke_one(db, session_id=1, now=NOW)
        await users.disable(db, user=bob, now=NOW)
        await users.enable(db, user=bob, now=NOW)
    await users.set_password(here.database.transaction, here.passwords, user=bob, password=EVE["password"], site="")
    await accounts.log_in(email=BOB["email"], password=EVE["password"])
    async with database.transaction() as db:
        await sessions.revoke_everybodys(db, now=NOW)
    done = [each for each in await events_of(database) if not each.browser]
    kinds = ["sessions_revoked", "password_changed", "enabled", "disabled", "sessions_revoked"]
    assert [(each.kind, each.address) for each in done] == [(kind, "") for kind in kinds]


async def test_an_act_that_is_undone_leaves_no_event(accounts: Accounts, database: Database) -> None:
    bob = await accounts.sign_up(**BOB)

    async def undone() -> None:
        async with database.transaction() as db:
            await users.disable(db, user=bob, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await undone()
    assert [each.kind for each in await events_of(database)] == ["created"]


async def test_pages_are_full_without_gap_or_overlap_and_only_ones_own(
    accounts: Accounts, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for person in (BOB, EVE):
        await accounts.sign_up(**person)
    async with database.transaction() as db:
        for number in range(2 * activity.PAGE):
            for user_id in (1, 2):
                await activity.note(db, user_id=user_id, kind="logged_out", browser=FIREFOX, now=NOW, number=number)
    async with database.reading() as db:
        newest = await activity.page(db, user_id=1)
        older = await activity.page(db, user_id=1, before=newest[-1].id)
        oldest = await activity.page(db, user_id=1, before=older[-1].id)
    assert [each.details["number"] for each in [*newest, *older]] == list(range(2 * activity.PAGE))[::-1]
    assert [each.kind for each in oldest] == ["created"]
    assert {each.user_id for each in [*newest, *older, *oldest]} == {1}


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("7", 7),
        (str(2**31 - 1), 2**31 - 1),
        (str(2**31), None),
        ("9" * 5000, None),
        ("", None),
        ("-1", None),
        ("\u0663", None),
    ],
)
def test_a_number_is_one_that_both_databases_hold(given: str, number: int | None) -> None:
    assert activity.number(given) == number


async def test_events_are_deleted_after_180_days(bob: dict[str, str], database: Database) -> None:
    (created,) = await events_of(database)
    for age, left in ((activity.KEEP - timedelta(seconds=1), 1), (activity.KEEP, 0)):
        await pruning.prune(database, now=created.at + age)
        assert len(await events_of(database)) == left


async def test_events_go_with_their_user(accounts: Accounts, database: Database) -> None:
    bob = await accounts.sign_up(**BOB)
    async with database.transaction() as db:
        await users.delete_user(db, user=bob)
        assert await db.scalar(select(func.count()).select_from(SecurityEvent)) == 0


async def test_a_failed_log_in_costs_the_same_statements_for_known_and_unknown(
    app: Quart, bob: dict[str, str], database: Database
) -> None:
    """One row more for a known account would be a clock that tells who has one."""
    costs = {}
    for email in (bob["email"], "nobody@example.com"):
        with counting(database) as counted:
            await app.test_client().post("/login", form={"email": email, "password": "wrong"}, **elsewhere())
        costs[email] = (counted.statements, counted.transactions, len(counted.hand_overs))
    assert costs[bob["email"]] == costs["nobody@example.com"]


async def test_failed_log_ins_become_one_event_with_their_number(
    app: Quart, bob: dict[str, str], database: Database, time: Clock
) -> None:
    for email in (bob["email"], bob["email"].upper(), "nobody@example.com"):
        await app.test_client().post("/login", form={"email": email, "password": "wrong"}, **elsewhere())
    failures = services_of(app).failed_log_ins
    assert [each.kind for each in await events_of(database)] == ["created"]
    for _ in range(2):
        await failures.write(database.transaction, now=time.now)
    newest, *_ = await events_of(database)
    assert (newest.kind, newest.details, newest.at) == ("log_in_failed", {"count": 2}, time.now)
    async with database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(SecurityEvent)) == 2


async def test_only_an_accounts_own_failures_since_then_are_counted(accounts: Accounts, database: Database) -> None:
    people = [await accounts.sign_up(**person) for person in (BOB, EVE)]
    async with database.transaction() as db:
        for who, hours, count in ((0, 23, 1), (1, 23, 2), (1, 24, 4), (1, 0, 8)):
            at = NOW - timedelta(hours=hours)
            await activity.note(db, user_id=people[who].id, kind="log_in_failed", browser=FIREFOX, now=at, count=count)
        since = NOW - timedelta(days=1)
        assert [await activity.failures(db, user_id=each.id, since=since) for each in people] == [1, 10]


async def test_failures_that_cant_be_written_wait_for_the_next_time(bob: dict[str, str], database: Database) -> None:
    failures = FailedLogIns()
    failures.count(email=bob["email"], browser=FIREFOX)

    def broken() -> None:
        failures.count(email=bob["email"], browser=FIREFOX)  # while it is being written, another one comes in
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failures.write(broken, now=NOW)  # type: ignore[arg-type]  # that's the point
    await failures.write(database.transaction, now=NOW)
    assert (await events_of(database))[0].details == {"count": 2}


async def test_failures_are_written_a_few_accounts_at_a_time_and_once(
    accounts: Accounts, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who guesses at many addresses makes no transaction that others wait long for, nor one that counts twice."""
    monkeypatch.setattr(failed_log_ins, "BATCH", 2)
    failures = FailedLogIns()
    for number in range(5):
        await accounts.sign_up(email=f"{number}@example.com", password=BOB["password"], name="Bob")
        failures.count(email=f"{number}@example.com", browser=FIREFOX)
    transactions: list[int] = []

    @asynccontextmanager
    async def breaks_at_the_second() -> AsyncIterator[AsyncSession]:
        async with database.transaction() as db:
            yield db
            transactions.append(len(db.new) + len(db.identity_map))
            if len(transactions) == 2:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failures.write(breaks_at_the_second, now=NOW)
    assert len(failures._by_key) == 3
    await failures.write(breaks_at_the_second, now=NOW)
    assert len(transactions) == 4
    for number in range(5):
        assert [each.details for each in await events_of(database, number + 1) if each.kind == "log_in_failed"] == [
            {"count": 1}
        ]


def test_memory_for_failures_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failed_log_ins, "MAX_ACCOUNTS", 3)
    failures = FailedLogIns()
    for number in range(10):
        failures.count(email=f"{number}@example.com", browser=FIREFOX)
    assert len(failures._by_key) == 3


async def test_failures_are_written_when_the_server_ends(app: Quart, database: Database, accounts: Accounts) -> None:
    await accounts.sign_up(**BOB)
    async with app.test_app() as running:
        form = {"email": BOB["email"], "password": "wrong"}
        await running.test_client().post("/login", form=form, **elsewhere())
    assert (await events_of(database))[0].kind == "log_in_failed"
