"""Log-ins that succeed have a limit too, and an account has so many sessions at most."""

import asyncio
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import func, select

from quart_auth_app.accounts import sessions
from quart_auth_app.accounts.sessions import starting
from quart_auth_app.accounts.throttling import limits
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Session
from tests.conftest import services_of
from tests.people import Accounts, Client, Clock, Events, elsewhere, is_logged_in, notice
from tests.second_steps import turn_on

LIMIT = 3


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that a test reaches soon."""
    low = limits.Limit("log-in that succeeds, by account", LIMIT, timedelta(minutes=10))
    monkeypatch.setattr(limits, "LOG_INS_OF_ACCOUNT", low)


async def count(database: Database) -> int:
    """Return how many sessions there are."""
    async with database.reading() as db:
        return await db.scalar(select(func.count()).select_from(Session)) or 0


@pytest.mark.asvs("2.4.1")
@pytest.mark.parametrize("is_same", [True, False])
async def test_an_account_has_a_limit_on_log_ins_that_succeed_in_any_browsers(
    app: Quart, bob: dict[str, str], time: Clock, few: None, is_same: bool
) -> None:
    same = app.test_client()
    for expected in [302] * LIMIT + [429]:
        client = same if is_same else app.test_client()
        response = await client.post("/login", form=bob, **elsewhere())
        assert response.status_code == expected
    assert response.headers["Retry-After"] == "600"
    time.advance(timedelta(minutes=10))
    assert (await client.post("/login", form=bob, **elsewhere())).status_code == 302


@pytest.mark.asvs("2.4.1", "15.4.2")
async def test_log_ins_at_the_same_moment_do_not_overtake_the_limit(
    app: Quart, bob: dict[str, str], database: Database, few: None
) -> None:
    await asyncio.gather(*(app.test_client().post("/login", form=bob, **elsewhere()) for _ in range(5)))
    assert await count(database) == LIMIT


async def test_beyond_the_limit_nothing_is_hashed(
    app: Quart, bob: dict[str, str], few: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(LIMIT):
        await app.test_client().post("/login", form=bob, **elsewhere())
    monkeypatch.setattr(services_of(app).passwords, "verify", None)
    assert (await app.test_client().post("/login", form=bob, **elsewhere())).status_code == 429


@pytest.mark.asvs("2.4.1")
async def test_log_ins_with_a_second_step_count_too(app: Quart, bob: dict[str, str], time: Clock, few: None) -> None:
    phone = await turn_on(app)
    statuses = []
    for code in phone.recovery_codes[: LIMIT + 1]:
        client = app.test_client()
        statuses.append((await client.post("/login", form=bob, **elsewhere())).status_code)
        statuses.append((await client.post("/login/second-step", form={"code": code}, **elsewhere())).status_code)
    assert statuses[: 2 * LIMIT] == [302] * 2 * LIMIT
    assert statuses[2 * LIMIT] == 429


@pytest.mark.asvs("7.1.2")
async def test_beyond_the_most_the_session_unused_for_longest_ends_and_the_person_is_told(
    app: Quart, bob: dict[str, str], time: Clock, monkeypatch: pytest.MonkeyPatch, events: Events, database: Database
) -> None:
    browsers = [app.test_client() for _ in range(sessions.MAX_FOR_ONE + 1)]
    monkeypatch.setattr(limits, "LOG_INS_OF_ACCOUNT", limits.Limit("log-in", 1000, timedelta(minutes=10)))
    for browser in browsers[:-1]:
        await browser.post("/login", form=bob, **elsewhere())
        time.advance(timedelta(seconds=1))
    time.advance(sessions.TOUCH_EVERY)
    assert await is_logged_in(browsers[0])  # and so the second one is now unused for longest
    assert await notice(browsers[-2], "/profile") == ""
    response = await browsers[-1].post("/login", form=bob, **elsewhere())
    assert response.headers["Location"] == "/profile"
    assert await is_logged_in(browsers[0])
    assert not await is_logged_in(browsers[1])
    assert await is_logged_in(browsers[2])
    assert await count(database) == sessions.MAX_FOR_ONE
    assert "sessions_revoked" in events.names
    page = await (await browsers[0].get("/account/activity")).get_data(as_text=True)
    assert "there were too many" in page


async def test_the_message_says_that_a_session_was_ended(
    app: Quart, client: Client, bob: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (starting, sessions):
        monkeypatch.setattr(place, "MAX_FOR_ONE", 1)
    await app.test_client().post("/login", form=bob)
    await client.post("/login", form=bob)
    assert "You were logged in in more than 1 browsers." in await notice(client, "/profile")


async def test_log_ins_at_the_same_moment_leave_no_more_sessions_than_the_most(
    app: Quart, accounts: Accounts, bob: dict[str, str], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "MAX_FOR_ONE", 2)
    await asyncio.gather(*(app.test_client().post("/login", form=bob, **elsewhere()) for _ in range(5)))
    assert await count(database) == 2
