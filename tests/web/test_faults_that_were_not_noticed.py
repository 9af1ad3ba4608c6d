"""Promises that no test kept: each of these faults was put into the code once, and nothing turned red."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from itsdangerous import TimestampSigner
from quart import Quart
from sqlalchemy import func, insert, select

from quart_auth_app import clock
from quart_auth_app.accounts import users
from quart_auth_app.accounts.throttling import limits
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Attempts, Session, User
from quart_auth_app.web.edge.same_origin import SAFE_METHODS
from quart_auth_app.web.identity.device_cookie import this_device
from tests.conftest import MakeApp
from tests.databases import NewDatabase
from tests.inbox import Inbox
from tests.people import BOB, EVE, Client, Clock, Events, cookie, elsewhere, is_logged_in, notice, send, text


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """How many seconds later signatures are checked than now."""
    ahead, now = {"seconds": 0.0}, TimestampSigner.get_timestamp
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: now(self) + int(ahead["seconds"]))
    return ahead


async def device_of(app: Quart, client: Client) -> object:
    """Return which device the application takes the browser for."""
    value = cookie(client, "device")
    assert value
    async with app.test_request_context("/", headers={"Cookie": f"device={value}"}):
        return this_device()


@pytest.mark.asvs("7.4.2")
async def test_no_session_from_before_lives_again_when_a_disabled_account_is_enabled(
    client: Client, bob: dict[str, str], database: Database
) -> None:
    await client.post("/login", form=bob)
    async with database.transaction() as db:
        await users.disable(db, user=await db.get_one(User, 1), now=clock.now())
    async with database.transaction() as db:
        await users.enable(db, user=await db.get_one(User, 1), now=clock.now())
    assert not await is_logged_in(client)


@pytest.mark.asvs("3.4.2")
@pytest.mark.parametrize("path", ["/", "/login", "/health", "/nowhere"])
async def test_another_origin_is_allowed_to_read_nothing(client: Client, path: str) -> None:
    response = await client.get(path, headers={"Origin": "https://evil.example"})
    assert not [name for name, _ in response.headers.items() if name.lower().startswith("access-control")]


@pytest.mark.asvs("1.2.1")
@pytest.mark.parametrize("path", ["/login", "/signup"])
async def test_markup_in_an_address_stays_text_in_the_refilled_form(client: Client, path: str) -> None:
    await client.post(path, form=BOB | {"email": '"><b>bold</b>@example.com'})
    source = await (await client.get(path)).get_data(as_text=True)
    assert "bold" in source
    assert "<b>" not in source


@pytest.mark.asvs("9.2.1")
async def test_a_device_is_known_for_a_year(
    app: Quart, client: Client, bob: dict[str, str], later: dict[str, float]
) -> None:
    await client.post("/login", form=bob)
    later["seconds"] = timedelta(days=364).total_seconds()
    assert await device_of(app, client)
    later["seconds"] = timedelta(days=366).total_seconds()
    assert await device_of(app, client) is None


@pytest.mark.asvs("9.2.1")
async def test_a_message_waits_for_an_hour(client: Client, later: dict[str, float]) -> None:
    await client.post("/login", form={"email": "x@example.com", "password": "x"})
    later["seconds"] = timedelta(minutes=66).total_seconds()  # with five minutes that clocks may be apart
    assert await notice(client, "/login") == ""


@pytest.mark.asvs("9.2.1")
async def test_the_signature_of_a_log_in_counts_for_thirty_days(
    client: Client, bob: dict[str, str], later: dict[str, float]
) -> None:
    await client.post("/login", form=bob)
    later["seconds"] = timedelta(days=31).total_seconds()
    assert not await is_logged_in(client)


@pytest.mark.asvs("14.2.7")
async def test_what_has_expired_is_deleted_once_the_application_serves(
    app: Quart, client: Client, bob: dict[str, str], database: Database
) -> None:
    await client.post("/login", form=bob)
    long_ago = clock.now() - timedelta(days=400)
    async with database.transaction() as db:
        await db.execute(insert(Attempts), {"key": "old", "count": 1, "ends_at": long_ago})
        (session,) = await db.scalars(select(Session))
        session.created_at = session.last_seen_at = long_ago

    async def left() -> int:
        async with database.reading() as db:
            old = await db.scalar(select(func.count()).select_from(Attempts).where(Attempts.key == "old"))
            return (old or 0) + (await db.scalar(select(func.count()).select_from(Session)) or 0)

    assert await left() == 2
    async with app.test_app():
        for _ in range(200):
            if not await left():
                break
            await asyncio.sleep(0.02)
        assert await left() == 0


@pytest.mark.asvs("6.3.2")
async def test_an_application_that_serves_has_no_account_that_nobody_has_signed_up_for(
    app: Quart, database: Database
) -> None:
    async with app.test_app(), database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(User)) == 0


@pytest.mark.asvs("16.2.5")
async def test_no_event_of_signing_up_and_logging_in_has_the_address(client: Client, events: Events) -> None:
    await client.post("/signup", form=BOB)
    await client.post("/login", form=BOB | {"password": "wrong"})
    await client.post("/login", form=BOB)
    assert {"sign_up", "log_in_failed", "log_in"} <= set(events.names)
    assert BOB["email"] not in "".join(events.lines)


@pytest.mark.asvs("16.3.3")
async def test_a_throttled_sign_up_is_in_the_log(
    client: Client, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SIGN_UP_BY_ADDRESS", replace(limits.SIGN_UP_BY_ADDRESS, attempts=1))
    await client.post("/signup", form=BOB)
    assert (await client.post("/signup", form=EVE)).status_code == 429
    assert events.names[-1] == "throttled"


@pytest.mark.asvs("16.3.1")
async def test_a_failure_of_a_known_browser_is_in_the_log(client: Client, bob: dict[str, str], events: Events) -> None:
    await client.post("/login", form=bob)
    await client.post("/logout")
    await client.post("/login", form=bob | {"password": "wrong"})
    assert events.names[-1] == "log_in_failed"


@pytest.mark.asvs("11.2.2")
async def test_a_device_stays_known_when_the_key_becomes_a_fallback(
    make_app: MakeApp, new_database: NewDatabase
) -> None:
    url, old_key, new_key = new_database(), "the earlier key " * 3, "the key that came next " * 3
    before = make_app(DATABASE_URL=url, SECRET_KEY=old_key)
    client = before.test_client()
    await client.post("/signup", form=BOB)
    await client.post("/login", form=BOB)
    after = make_app(DATABASE_URL=url, SECRET_KEY=new_key, SECRET_KEY_FALLBACKS=old_key)
    assert await device_of(after, client) == await device_of(before, client) is not None


@pytest.mark.asvs("4.1.4", "13.4.4")
@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH"])
async def test_no_route_knows_any_other_method(app: Quart, client: Client, bob: dict[str, str], method: str) -> None:
    await client.post("/login", form=bob)
    for rule in app.url_map.iter_rules():
        if not rule.arguments:
            assert (await send(client, method, rule.rule)).status_code == 405, rule.rule
        assert (rule.methods or set()) <= SAFE_METHODS | {"POST"}


@pytest.mark.asvs("8.2.2")
@pytest.mark.parametrize("query", ["user=2", "id=2", "user_id=2", "email=eve@example.com", "name=Eve"])
async def test_a_query_makes_nobody_somebody_else(client: Client, bob: dict[str, str], query: str) -> None:
    await client.post("/signup", form=EVE)
    await client.post("/login", form=bob)
    assert "Welcome, Bob!" in await text(await client.get(f"/profile?{query}"))


@pytest.mark.asvs("8.2.3", "15.3.3")
async def test_a_sign_up_chooses_nothing_but_its_three_fields(client: Client, database: Database) -> None:
    more = {"id": "77", "password_version": "9", "disabled_at": "2030-01-01", "verified_at": "2030-01-01"}
    await client.post("/signup", form=BOB | more)
    async with database.reading() as db:
        (user,) = await db.scalars(select(User))
    assert user.id == 1
    assert (user.password_version, user.disabled_at, user.verified_at) == (0, None, None)


@pytest.mark.asvs("3.5.3")
@pytest.mark.parametrize("path", ["/login", "/signup", "/", "/profile"])
@pytest.mark.parametrize("query", ["reset=1", "clear=1", "password=x&email=bob@example.com"])
async def test_no_get_clears_a_count(
    client: Client, bob: dict[str, str], database: Database, path: str, query: str
) -> None:
    await client.post("/login", form=bob | {"password": "wrong"})

    async def counts() -> list[tuple[str, int]]:
        async with database.reading() as db:
            rows = await db.execute(select(Attempts.key, Attempts.count).order_by(Attempts.key))
            return [(key, count) for key, count in rows]

    before = await counts()
    await client.get(f"{path}?{query}")
    assert await counts() == before != []


@pytest.mark.asvs("16.2.5")
async def test_the_account_in_the_log_depends_on_the_key(make_app: MakeApp, events: Events) -> None:
    for key in ("one key of a site " * 2, "one key of a site " * 2, "the key of another " * 2):
        app = make_app(DATABASE_URL="sqlite://", SECRET_KEY=key)
        await app.test_client().post("/login", form={"email": "x@example.com", "password": "x"})
    first, second, other = [event["account"] for event in events.all]
    assert first == second != other


@pytest.mark.asvs("2.3.3")
async def test_of_a_transaction_that_an_error_came_out_of_nothing_is_kept(database: Database) -> None:
    with suppress(ZeroDivisionError):
        async with database.transaction() as db:
            await db.execute(insert(Attempts), {"key": "half", "count": 1, "ends_at": clock.now()})
            raise ZeroDivisionError
    async with database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(Attempts)) == 0


@pytest.mark.asvs("9.2.2")
async def test_a_device_of_one_account_is_a_stranger_at_another(
    client: Client, bob: dict[str, str], app: Quart
) -> None:
    await client.post("/signup", form=EVE)
    await client.post("/login", form=bob)
    for _ in range(limits.LOG_IN_BY_ACCOUNT.attempts):
        await app.test_client().post("/login", form=EVE | {"password": "wrong"}, **elsewhere())
    assert (await client.post("/login", form=EVE, **elsewhere())).status_code == 429


@pytest.mark.asvs("6.4.1")
async def test_a_link_that_confirms_a_sign_up_lasts_for_a_day(make_app: MakeApp, inbox: Inbox, time: Clock) -> None:
    client = make_app(MAIL_URL=inbox.url).test_client()
    await client.post("/signup", form=BOB)
    link = inbox.link(BOB["email"], "/confirm")
    assert (await client.get(link)).status_code == 200
    time.advance(timedelta(hours=24))
    assert (await client.get(link)).status_code == 410
