"""Logging in with a second step."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app import clock
from quart_auth_app.accounts import users
from quart_auth_app.accounts.throttling import limits, throttle
from quart_auth_app.accounts.throttling.limits import Counter
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Attempts, PendingLogIn, Session, User
from quart_auth_app.web import services
from quart_auth_app.web.identity.log_in import log_in
from tests.bystanders import add_bystanders
from tests.conftest import MakeApp, services_of
from tests.people import BOB, EVE, Client, Clock, Events, cookie, is_logged_in, notice, set_cookies
from tests.second_steps import Phone, turn_on

STEP = timedelta(seconds=30)
WRONG_CODE = "This code is wrong or was used already. Please enter the one that your app shows now."
TOO_LONG_AGO = "Please log in again: the first step was too long ago."


@pytest.fixture
async def phone(app: Quart, bob: dict[str, str], time: Clock) -> Phone:
    """Bob's phone. His second step is on, and the code that confirmed it is over."""
    phone = await turn_on(app)
    time.advance(2 * STEP)
    return phone


async def first_step(client: Client, bob: dict[str, str], path: str = "/login", **fields: str) -> None:
    """Give the password."""
    response = await client.post(path, form=bob | fields)
    assert response.headers["Location"].startswith("/login/second-step")


async def give(client: Client, code: str, **fields: str) -> str:
    """Give a code, and return where that leads."""
    response = await client.post("/login/second-step", form={"code": code} | fields)
    return response.headers.get("Location", str(response.status_code))


async def test_the_password_alone_does_not_log_in_and_the_code_then_does(
    client: Client, bob: dict[str, str], phone: Phone
) -> None:
    await first_step(client, bob)
    assert cookie(client, "log-in") is None
    assert not await is_logged_in(client)
    assert await give(client, phone.code()) == "/profile"
    assert await is_logged_in(client)
    assert cookie(client, "second-step") is None


async def test_a_recovery_code_logs_in_once(client: Client, app: Quart, bob: dict[str, str], phone: Phone) -> None:
    await first_step(client, bob)
    assert await give(client, phone.recovery_codes[0]) == "/profile"
    other = app.test_client()
    await first_step(other, bob)
    assert await give(other, phone.recovery_codes[0]) == "/login/second-step"
    assert await notice(other, "/login/second-step") == WRONG_CODE


async def test_the_wanted_page_and_remember_me_survive_the_second_step(
    client: Client, bob: dict[str, str], phone: Phone
) -> None:
    await first_step(client, bob, remember="on", next="/profile?a=1")
    page = await (await client.get("/login/second-step?next=/profile?a%3D1")).get_data(as_text=True)
    assert '<input type="hidden" name="next" value="/profile?a=1">' in page
    response = await client.post("/login/second-step", form={"code": phone.code(), "next": "/profile?a=1"})
    assert response.headers["Location"] == "/profile?a=1"
    assert any(flag.startswith("Max-Age=2592000") for flag in set_cookies(response)["log-in"])


async def test_a_wrong_code_keeps_the_wanted_page_and_says_so(
    client: Client, bob: dict[str, str], phone: Phone, events: Events
) -> None:
    await first_step(client, bob)
    assert await give(client, "000000", next="/profile?a=1") == "/login/second-step?next=/profile?a%3D1"
    assert await notice(client, "/login/second-step") == WRONG_CODE
    assert events.all[-1]["event"] == "second_step_failed"
    assert await give(client, phone.code()) == "/profile"


@pytest.mark.asvs("6.5.1")
async def test_a_code_counts_once_also_for_thirty_browsers_at_once(
    app: Quart, bob: dict[str, str], phone: Phone, unthrottled: None
) -> None:
    browsers = [app.test_client() for _ in range(30)]
    for browser in browsers:
        await first_step(browser, bob)
    places = await asyncio.gather(*(give(browser, phone.code()) for browser in browsers))
    assert sorted(places) == 29 * ["/login/second-step"] + ["/profile"]


async def test_two_clicks_at_once_start_one_session(
    client: Client, bob: dict[str, str], phone: Phone, database: Database
) -> None:
    await first_step(client, bob)
    await asyncio.gather(give(client, phone.code()), give(client, phone.code()))
    async with database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(Session)) == 1


@pytest.mark.asvs("6.6.3")
async def test_after_five_tries_the_password_is_asked_for_again(
    client: Client, bob: dict[str, str], phone: Phone, unthrottled: None
) -> None:
    await first_step(client, bob)
    for _ in range(5):
        assert await give(client, "000000") == "/login/second-step"
    assert await give(client, phone.code()) == "/login"
    assert await notice(client, "/login") == TOO_LONG_AGO
    assert not await is_logged_in(client)


@pytest.mark.asvs("6.6.3")
async def test_the_account_has_a_limit_over_all_first_steps(
    app: Quart, client: Client, bob: dict[str, str], phone: Phone
) -> None:
    browsers = [app.test_client() for _ in range(3)]
    for browser in browsers:
        await first_step(browser, bob)
    for number in range(5):
        assert await give(browsers[number % 2], "000000") == "/login/second-step"
    assert await give(browsers[2], phone.code()) == "429"


@pytest.mark.asvs("2.4.1")
async def test_a_first_step_stays_counted_until_the_second_was_made(
    app: Quart, client: Client, bob: dict[str, str], phone: Phone
) -> None:
    for _ in range(5):
        await first_step(app.test_client(), bob)
    assert (await client.post("/login", form=bob)).status_code == 429


async def test_a_complete_log_in_clears_what_its_first_step_was_counted_by(
    app: Quart, bob: dict[str, str], phone: Phone
) -> None:
    for number in range(7):
        client = app.test_client()
        await first_step(client, bob)
        assert await give(client, phone.recovery_codes[number]) == "/profile"


Counts = Callable[[], Awaitable[dict[str, int]]]


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch, database: Database) -> Counts:
    """Return how often each limit has counted something that was neither refunded nor cleared, by the limit's name."""
    names: dict[str, str] = {}
    key_of = throttle._key

    def noted(counter: Counter) -> str:
        names[key := key_of(counter)] = counter[0].name
        return key

    async def read() -> dict[str, int]:
        async with database.reading() as db:
            rows = await db.scalars(select(Attempts).where(Attempts.count > 0, ~throttle.expired(clock.now())))
            return {names[row.key]: row.count for row in rows if row.key in names}

    monkeypatch.setattr(throttle, "_key", noted)
    return read


async def test_a_log_in_gives_back_its_own_attempts_and_no_earlier_failure_that_others_share(
    counts: Counts, client: Client, bob: dict[str, str], phone: Phone
) -> None:
    await first_step(client, bob)
    assert await give(client, phone.code()) == "/profile"  # this browser is known from now on
    await client.post("/logout")
    await client.post("/login", form=bob | {"password": "a guess"})
    await first_step(client, bob)
    assert await give(client, "000000") == "/login/second-step"
    assert await give(client, phone.recovery_codes[0]) == "/profile"
    shared = (
        limits.LOG_IN_BY_ADDRESS_OF_DEVICES,
        limits.LOG_IN_BY_ALL_DEVICES,
        limits.SECOND_STEP_BY_ALL_DEVICES_A_DAY,
    )
    assert await counts() == {each.name: 1 for each in shared} | {limits.LOG_INS_OF_ACCOUNT.name: 2}


async def test_a_second_click_on_the_code_counts_as_no_attempt(
    counts: Counts, client: Client, bob: dict[str, str], phone: Phone
) -> None:
    await first_step(client, bob)
    again = client.app.test_client()
    for each in client.cookie_jar or ():
        again.set_cookie("localhost", each.name, each.value or "")
    assert await give(client, phone.code()) == "/profile"
    before = await counts()
    assert await give(again, phone.code()) == "/profile"
    assert await counts() == before


async def test_a_second_click_that_was_counted_before_the_first_used_the_code_logs_in_too_and_is_no_failure(
    counts: Counts, client: Client, bob: dict[str, str], phone: Phone, monkeypatch: pytest.MonkeyPatch, events: Events
) -> None:
    await first_step(client, bob)
    assert await give(client, "000000") == "/login/second-step"
    begun: dict[object, int] = {}
    both_counted = asyncio.Barrier(2)

    @asynccontextmanager
    async def transaction() -> AsyncIterator[AsyncSession]:
        begun[asyncio.current_task()] = number = begun.get(asyncio.current_task(), 0) + 1
        if number == 2:
            async with asyncio.timeout(10):
                await both_counted.wait()
        async with services.transaction() as db:
            yield db

    monkeypatch.setattr("quart_auth_app.blueprints.second_step.log_in.transaction", transaction)
    await client.get("/login/second-step")
    assert set(await asyncio.gather(give(client, phone.code()), give(client, phone.code()))) == {"/profile"}
    assert events.names.count("second_step_failed") == 1
    # Were the count of the day cleared, each double click would allow 20 more guesses.
    assert await counts() == {limits.LOG_INS_OF_ACCOUNT.name: 1, limits.SECOND_STEP_BY_ACCOUNT_A_DAY.name: 1}


async def test_strangers_with_the_password_do_not_lock_the_owners_browser_out(
    app: Quart, client: Client, bob: dict[str, str], phone: Phone
) -> None:
    await first_step(client, bob)
    assert await give(client, phone.code()) == "/profile"  # this browser is known from now on
    await client.post("/logout")
    thief = app.test_client()
    for _ in range(3):
        await first_step(thief, bob)
        for _ in range(5):
            await give(thief, "000000")
    await first_step(client, bob)
    assert await give(client, phone.recovery_codes[0]) == "/profile"


@pytest.mark.asvs("6.5.5")
async def test_the_first_step_lasts_ten_minutes(client: Client, bob: dict[str, str], phone: Phone, time: Clock) -> None:
    await first_step(client, bob)
    time.advance(timedelta(minutes=9, seconds=59))
    assert (await client.get("/login/second-step")).status_code == 200
    time.advance(timedelta(seconds=1))
    assert (await client.get("/login/second-step")).headers["Location"] == "/login"
    assert await give(client, phone.code()) == "/login"


async def test_the_cookie_between_the_steps_lasts_for_ten_minutes(
    client: Client, bob: dict[str, str], phone: Phone
) -> None:
    response = await client.post("/login", form=bob)
    sent = [each for each in response.headers.getlist("Set-Cookie") if each.startswith("second-step=")]
    assert [("Max-Age=600" in each) for each in sent] == [True]


@pytest.mark.asvs("7.4.3")
async def test_an_operator_who_resets_the_second_step_revokes_all_sessions(
    client: Client, app: Quart, bob: dict[str, str], phone: Phone
) -> None:
    """Whoever has the lost phone may be logged in on it."""
    await first_step(client, bob)
    await give(client, phone.code())
    assert await is_logged_in(client)
    async with services_of(app).database.transaction() as db:
        assert await users.reset_second_step(db, user=await db.get_one(User, 1))
    assert not await is_logged_in(client)


@pytest.mark.asvs("7.4.3")
@pytest.mark.parametrize("change", ["password", "disable", "delete", "reset"])
async def test_what_changes_the_account_ends_the_first_step(
    client: Client, app: Quart, bob: dict[str, str], phone: Phone, change: str, time: Clock
) -> None:
    await first_step(client, bob)
    services = services_of(app)
    async with services.database.transaction() as db:
        await add_bystanders(db, at=time.now)
        await db.execute(update(User).values(password_version=0))  # their passwords have changed as often as Bob's
        user = await db.get_one(User, 1)
        if change == "disable":
            await users.disable(db, user=user, now=time.now)
        elif change == "delete":
            await users.delete_user(db, user=user)
        elif change == "reset":
            await users.reset_second_step(db, user=user)
    if change == "password":
        new = "another kettle of fish 7"
        await users.set_password(
            services.database.transaction, services.passwords, user=user, password=new, site="localhost"
        )
    assert await give(client, phone.code()) == "/login"
    assert not await is_logged_in(client)


@pytest.mark.asvs("6.6.2")
async def test_nobody_elses_code_or_first_step_counts(
    client: Client, app: Quart, bob: dict[str, str], phone: Phone, time: Clock
) -> None:
    eve = app.test_client()
    await eve.post("/signup", form=EVE)
    eves = await turn_on(app, user_id=2)
    time.advance(2 * STEP)
    await first_step(client, bob)
    assert await give(client, eves.code()) == "/login/second-step"
    assert await give(client, eves.recovery_codes[0]) == "/login/second-step"
    await first_step(eve, {"email": EVE["email"], "password": EVE["password"]})
    assert await give(eve, phone.code()) == "/login/second-step"


async def test_with_nothing_but_the_first_step_every_page_sees_a_stranger(
    client: Client, app: Quart, bob: dict[str, str], phone: Phone
) -> None:
    stranger = app.test_client()
    await first_step(client, bob)
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(("second_step.", "static", "health.")) or rule.arguments:
            continue
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            mine, theirs = [
                await (browser.get if method == "GET" else browser.post)(
                    rule.rule, headers={"Sec-Fetch-Site": "same-origin"}
                )
                for browser in (client, stranger)
            ]
            assert mine.status_code == theirs.status_code, rule
            assert mine.headers.get("Location") == theirs.headers.get("Location"), rule
    assert not await is_logged_in(client)


@pytest.mark.parametrize("token", ["", "x", "ü", "a" * 4000])
async def test_a_cookie_that_is_no_first_step_leads_to_the_log_in_page(client: Client, token: str) -> None:
    client.set_cookie("localhost", "second-step", token)
    assert (await client.get("/login/second-step")).headers["Location"] == "/login"
    assert await give(client, "000000") == "/login"


async def test_a_way_in_of_the_sites_own_asks_for_the_second_step_too(
    app: Quart, client: Client, phone: Phone, database: Database
) -> None:
    async with database.reading() as db:
        user = await db.get_one(User, 1)

    @app.post("/enter")
    async def enter() -> dict[str, bool]:
        return {"in": await log_in(user, remember=False)}

    assert await (await client.post("/enter")).get_json() == {"in": False}
    assert not await is_logged_in(client)
    assert await give(client, phone.code()) == "/profile"


@pytest.mark.parametrize(("url", "name"), [("https://site.example", "__Host-second-step"), (None, "second-step")])
async def test_the_cookie_has_the_flags_of_all_our_cookies(
    make_app: MakeApp, url: str | None, name: str, time: Clock
) -> None:
    app = make_app(**({"PUBLIC_URL": url} if url else {}))
    client = app.test_client()
    await client.post("/signup", form=BOB)
    await turn_on(app)
    flags = set_cookies(await client.post("/login", form=BOB))[name]
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= flags
    assert ("Secure" in flags) == bool(url)


@pytest.mark.asvs("6.5.2")
async def test_the_token_is_stored_as_a_hash(
    client: Client, bob: dict[str, str], phone: Phone, database: Database
) -> None:
    await first_step(client, bob)
    token = cookie(client, "second-step")
    async with database.reading() as db:
        [row] = await db.scalars(select(PendingLogIn))
    assert token
    assert token not in vars(row).values()


@pytest.mark.parametrize("typed", ["", "0" * 200, "\0", "abc"], ids=repr)
async def test_what_is_no_code_is_refused_with_a_sentence(
    client: Client, bob: dict[str, str], phone: Phone, typed: str
) -> None:
    await first_step(client, bob)
    assert await give(client, typed) == "/login/second-step"
    assert await notice(client, "/login/second-step")
