"""Sessions: the row decides, not the cookie."""

from datetime import timedelta
from typing import Any, cast

import pytest
from quart import Quart
from quart_auth import authenticated_client, current_user, login_required
from sqlalchemy import func, select, text

from quart_auth_app import clock
from quart_auth_app.accounts import sessions, users
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Session
from quart_auth_app.operations import pruning
from quart_auth_app.web.identity.current_user import CurrentUser
from quart_auth_app.web.identity.log_in import log_in
from tests.conftest import MakeApp
from tests.counting import counting
from tests.people import BOB, Accounts, Client, Clock, cookie, is_logged_in, set_cookies

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


async def rows(database: Database) -> list[Session]:
    """Return every session row."""
    async with database.reading() as db:
        return list(await db.scalars(select(Session).order_by(Session.id)))


async def test_any_added_page_can_use_quart_auth_as_it_is(app: Quart, client: Client, bob: dict[str, str]) -> None:
    @app.get("/mine")
    @login_required
    async def mine() -> dict[str, Any]:
        user = cast(CurrentUser, current_user)
        return {"id": user.id, "email": user.email, "name": user.name, "password": user.password[:15]}

    assert (await client.get("/mine")).headers["Location"] == "/login?next=/mine"
    await client.post("/login", form=bob)
    assert await (await client.get("/mine")).get_json() == {
        "id": 1,
        "email": "bob@example.com",
        "name": "Bob",
        "password": "$bcrypt-sha256$",
    }


@pytest.mark.parametrize(("disabled", "greeting"), [(False, b"Bob"), (True, b"nobody")])
async def test_an_added_page_can_log_somebody_in(
    app: Quart, client: Client, accounts: Accounts, database: Database, disabled: bool, greeting: bytes
) -> None:
    user = await accounts.sign_up(**BOB)
    if disabled:
        async with database.transaction() as db:
            await users.disable(db, user=user, now=clock.now())

    @app.post("/enter")
    async def enter() -> dict[str, bool]:
        return {"in": await log_in(user, remember=True)}

    @app.get("/who")
    async def who() -> str:
        return getattr(current_user, "name", "nobody")

    response = await client.post("/enter")
    assert await response.get_json() == {"in": not disabled}
    assert ("log-in" in set_cookies(response)) == (not disabled)
    assert await (await client.get("/who")).get_data() == greeting


async def test_a_page_for_all_knows_the_user_without_an_await(app: Quart, client: Client, bob: dict[str, str]) -> None:
    @app.get("/who")
    async def who() -> str:
        return getattr(current_user, "name", "nobody")

    assert await (await client.get("/who")).get_data() == b"nobody"
    await client.post("/login", form=bob)
    assert await (await client.get("/who")).get_data() == b"Bob"


@pytest.mark.asvs("7.2.1", "7.4.1", "8.3.2")
async def test_a_cookie_copied_before_log_out_is_dead_after_it(app: Quart, client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob)
    copied = cookie(client, "log-in")
    thief = app.test_client()
    thief.set_cookie("localhost", "log-in", copied or "")
    assert await is_logged_in(thief)
    await client.post("/logout")
    assert not await is_logged_in(thief)


@pytest.mark.asvs("7.2.1", "9.2.3", "9.2.4")
async def test_a_well_signed_cookie_of_a_session_that_never_was_is_nobody(app: Quart) -> None:
    client = app.test_client()
    async with authenticated_client(client, "1"):
        assert not await is_logged_in(client)


@pytest.mark.asvs("1.5.2", "7.2.1", "9.1.1")
@pytest.mark.parametrize("value", ["", "x", "a.b.c", "\u00e9", "x" * 4000])
async def test_a_broken_cookie_is_nobody(client: Client, value: str) -> None:
    response = await client.get("/", headers={"Cookie": f"log-in={value}; flash={value}"})
    assert response.status_code == 200
    assert not await is_logged_in(client)


@pytest.mark.asvs("7.2.3", "11.5.1", "14.2.4")
async def test_the_database_has_only_the_tokens_hash(
    app: Quart, client: Client, bob: dict[str, str], database: Database
) -> None:
    await client.post("/login", form=bob)
    token = app.extensions["QUART_AUTH"][0].load_token(cookie(client, "log-in"), app)
    async with database.reading() as db:
        everything = str((await db.execute(text("SELECT * FROM session"))).all())
    assert len(token) == 43  # 32 bytes in base64
    assert token not in everything


@pytest.mark.asvs("7.2.2", "7.2.4")
async def test_log_in_starts_a_new_session_and_ends_the_one_before(
    app: Quart, client: Client, bob: dict[str, str], database: Database
) -> None:
    await client.post("/login", form=bob)
    before = cookie(client, "log-in")
    await client.post("/login", form=bob)
    assert cookie(client, "log-in") != before
    assert len(await rows(database)) == 1


@pytest.mark.asvs("7.1.2", "7.2.2")
async def test_two_browsers_have_two_sessions(app: Quart, bob: dict[str, str], database: Database) -> None:
    one, other = app.test_client(), app.test_client()
    for client in (one, other):
        await client.post("/login", form=bob)
    await one.post("/logout")
    assert await is_logged_in(other)


@pytest.mark.asvs("7.3.1", "7.4.1")
@pytest.mark.parametrize(("remember", "idle"), [({}, sessions.IDLE), ({"remember": "on"}, sessions.REMEMBERED_IDLE)])
async def test_an_unused_session_ends_after_its_idle_time(
    client: Client, bob: dict[str, str], time: Clock, remember: dict[str, str], idle: timedelta
) -> None:
    await client.post("/login", form=bob | remember)
    time.advance(idle - SECOND)
    assert await is_logged_in(client)
    time.advance(idle - SECOND)
    assert await is_logged_in(client), "use prolongs it"
    time.advance(idle)
    assert not await is_logged_in(client)


@pytest.mark.asvs("7.3.2", "7.4.1", "9.2.1")
@pytest.mark.parametrize(
    ("remember", "absolute", "step"),
    [
        ({}, sessions.ABSOLUTE, 30 * MINUTE),
        ({"remember": "on"}, sessions.REMEMBERED_ABSOLUTE, timedelta(days=6)),
    ],
)
async def test_a_session_in_use_ends_after_its_absolute_time(
    client: Client,
    bob: dict[str, str],
    time: Clock,
    remember: dict[str, str],
    absolute: timedelta,
    step: timedelta,
) -> None:
    await client.post("/login", form=bob | remember)
    end = time.now + absolute
    while time.now + step < end:
        time.advance(step)
        assert await is_logged_in(client)
    time.now = end
    assert not await is_logged_in(client)


async def test_use_is_written_down_at_most_once_a_minute(
    client: Client, bob: dict[str, str], time: Clock, database: Database
) -> None:
    await client.post("/login", form=bob)
    started = time.now
    time.advance(MINUTE - SECOND)
    with counting(database) as costs:
        await client.get("/profile")
    assert not [each for each in costs.statements if "UPDATE" in each]
    assert (await rows(database))[0].last_seen_at == started
    time.advance(SECOND)
    await client.get("/profile")
    assert (await rows(database))[0].last_seen_at == time.now


@pytest.mark.asvs("14.2.7")
async def test_pruning_deletes_expired_sessions_only(
    app: Quart, bob: dict[str, str], time: Clock, database: Database
) -> None:
    for remember in ({}, {"remember": "on"}):
        await app.test_client().post("/login", form=bob | remember)
    time.advance(sessions.IDLE)
    await pruning.prune(database, now=time.now)
    async with database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(Session).where(Session.remember)) == 1
        assert await db.scalar(select(func.count()).select_from(Session)) == 1


@pytest.mark.asvs("3.3.1", "3.3.2", "3.3.3", "3.3.4")
@pytest.mark.parametrize(
    ("public_url", "prefix", "flags"),
    [("http://site.example", "", set()), ("https://site.example", "__Host-", {"Secure"})],
)
async def test_every_cookie_carries_the_flags_that_the_public_url_allows(
    make_app: MakeApp, public_url: str, prefix: str, flags: set[str]
) -> None:
    client = make_app(PUBLIC_URL=public_url).test_client()
    await client.post("/signup", form=BOB)
    cookies = set_cookies(await client.post("/login", form=BOB | {"password": "wrong"}))
    cookies |= set_cookies(await client.post("/login", form=BOB))
    assert set(cookies) == {f"{prefix}log-in", f"{prefix}flash", f"{prefix}device"}
    for found in cookies.values():
        lifetime = {flag for flag in found if flag.startswith(("Max-Age=", "Expires="))}
        assert found - lifetime == {"HttpOnly", "Path=/", "SameSite=Lax"} | flags


async def test_only_a_remembered_cookie_outlives_the_browser(app: Quart, bob: dict[str, str]) -> None:
    normal = set_cookies(await app.test_client().post("/login", form=bob))
    remembered = set_cookies(await app.test_client().post("/login", form=bob | {"remember": "on"}))
    assert not any("Max-Age" in flag for flag in normal["log-in"])
    assert "Max-Age=2592000" in remembered["log-in"]  # 30 days


@pytest.mark.asvs("2.3.3", "16.5.3")
async def test_an_error_after_log_in_leaves_no_half_of_it(
    app: Quart, client: Client, bob: dict[str, str], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(sessions, "start", fail)
    response = await client.post("/login", form=bob)
    assert response.status_code == 500
    assert "log-in=" not in str(response.headers)
    assert await rows(database) == []
