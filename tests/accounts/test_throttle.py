"""Attempts are counted in the database before they are made, so that no burst overtakes the count."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from quart import Quart
from sqlalchemy import func, select

from quart_auth_app.accounts.errors import TooManyAttempts
from quart_auth_app.accounts.throttling import limits, throttle
from quart_auth_app.accounts.throttling.limits import (
    LOG_IN_BY_ACCOUNT,
    LOG_IN_BY_ADDRESS,
    LOG_IN_BY_DEVICE,
    SIGN_UP_BY_ADDRESS,
)
from quart_auth_app.database import units_of_work
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Attempts
from quart_auth_app.operations import pruning
from quart_auth_app.web.sentences import sentence
from tests.conftest import MakeApp, services_of
from tests.databases import SECRET_KEY, NewDatabase
from tests.inbox import Inbox
from tests.people import BOB, Client, Clock, Events, cookie, elsewhere, notice, send, text

WRONG = {"email": BOB["email"], "password": "wrong"}
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def from_address(address: str) -> dict[str, object]:
    """Return what makes a test client's request come from this address."""
    return {"scope_base": {"client": (address, 50000)}}


@pytest.fixture
def verified(app: Quart, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that reach the hasher."""
    passwords, seen = services_of(app).passwords, list[str]()
    verify = passwords.verify

    async def noted(password: str, password_hash: str | None) -> tuple[bool, str | None]:
        seen.append(password)
        return await verify(password, password_hash)

    monkeypatch.setattr(passwords, "verify", noted)
    return seen


@pytest.mark.asvs("2.3.2", "2.4.1", "6.3.1")
async def test_an_account_takes_five_failures_in_five_minutes(
    client: Client, bob: dict[str, str], time: Clock, verified: list[str], events: Events
) -> None:
    for _ in range(5):
        assert (await client.post("/login", form=WRONG, **elsewhere())).status_code == 302
        time.advance(timedelta(seconds=1))
    response = await client.post("/login", form=bob, **elsewhere())
    assert (response.status_code, response.headers["Retry-After"]) == (429, "295")
    assert "There were too many attempts. Please try again in 5 minutes." in await text(response)
    assert len(verified) == 5
    assert events.names[-1] == "throttled"
    time.advance(timedelta(seconds=295))
    statuses = [(await client.post("/login", form=WRONG, **elsewhere())).status_code for _ in range(6)]
    assert statuses == [302] * 5 + [429], "a new window, a new count"


@pytest.mark.asvs("2.3.2", "2.4.1", "6.3.1")
async def test_an_address_takes_ten_failures_in_a_minute_over_all_accounts(client: Client, verified: list[str]) -> None:
    for number in range(12):
        response = await client.post("/login", form={"email": f"user{number}@example.com", "password": "wrong"})
        assert response.status_code == (302 if number < 10 else 429)
    assert len(verified) == 10


@pytest.mark.asvs("2.3.4", "6.3.1", "15.4.2")
@pytest.mark.parametrize("known", [True, False])
async def test_of_200_guesses_at_the_same_moment_as_many_are_tried_as_the_limit_says(
    app: Quart, bob: dict[str, str], verified: list[str], known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine 200 may wait longer for one of ten connections than the product lets them.
    monkeypatch.setattr(services_of(app).database.engine.pool, "_timeout", 60.0, raising=False)
    monkeypatch.setattr(units_of_work, "BUSY_TIMEOUT", 60.0)
    email = bob["email"] if known else "nobody@example.com"
    guesses = [{"email": email, "password": f"guess {number}"} for number in range(200)]
    # 200 at once would fill the line, and be told to come back; the count must hold without its help.
    threads = services_of(app).passwords.threads
    threads._free_places = threads._places = 1000
    answers = await asyncio.gather(*(app.test_client().post("/login", form=guess, **elsewhere()) for guess in guesses))
    assert len(verified) == LOG_IN_BY_ACCOUNT.attempts
    assert sorted(answer.status_code for answer in answers) == [302] * 5 + [429] * 195


@pytest.mark.asvs("6.3.1")
async def test_the_count_holds_over_processes(make_app: MakeApp, new_database: NewDatabase) -> None:
    """Two applications on one database are to each other as two workers, or two machines."""
    shared = {"DATABASE_URL": new_database(), "SECRET_KEY": SECRET_KEY}
    workers = [make_app(**shared), make_app(**shared)]
    answers = [await workers[number % 2].test_client().post("/login", form=WRONG, **elsewhere()) for number in range(7)]
    assert [answer.status_code for answer in answers] == [302] * 5 + [429] * 2


@pytest.mark.asvs("6.3.1")
@pytest.mark.parametrize("spelling", ["BOB@example.com", " bob@example.com", "\uff42ob@example.com", "bob@EXAMPLE.com"])
async def test_spelling_the_address_in_another_way_does_not_help(client: Client, spelling: str) -> None:
    for _ in range(5):
        await client.post("/login", form=WRONG, **elsewhere())
    assert (await client.post("/login", form=WRONG | {"email": spelling}, **elsewhere())).status_code == 429


@pytest.mark.asvs("6.3.1")
async def test_success_clears_the_accounts_count_and_costs_the_address_nothing(app: Quart, bob: dict[str, str]) -> None:
    for _ in range(4):
        for form in (*[WRONG] * 2, bob):
            answer = await app.test_client().post("/login", form=form, **from_address("192.0.2.1"))
    assert answer.headers["Location"] == "/profile"  # after 8 failures, never 5 in a row
    for expected in (302, 302, 429):
        answer = await app.test_client().post(
            "/login", form={"email": "x@example.com", "password": "x"}, **from_address("192.0.2.1")
        )
        assert answer.status_code == expected


@pytest.mark.asvs("6.1.1", "6.3.1")
async def test_an_owner_whose_browser_is_known_logs_in_while_strangers_hammer_the_account(
    app: Quart, client: Client, bob: dict[str, str]
) -> None:
    await client.post("/login", form=bob)
    await client.post("/logout")
    for _ in range(8):
        stranger = await app.test_client().post("/login", form=WRONG)
    assert stranger.status_code == 429
    assert (await client.post("/login", form=bob)).headers["Location"] == "/profile"


@pytest.mark.asvs("2.3.2", "6.3.1")
async def test_a_known_browser_has_a_limit_of_its_own(client: Client, bob: dict[str, str], verified: list[str]) -> None:
    await client.post("/login", form=bob)
    statuses = [(await client.post("/login", form=WRONG)).status_code for _ in range(7)]
    assert statuses == [302] * LOG_IN_BY_DEVICE.attempts + [429] * 2
    assert len(verified) == 6


@pytest.mark.asvs("9.1.1")
@pytest.mark.parametrize(
    "damage", [lambda value: value[:-2], lambda value: "x" + value, lambda _: "x.y.z", lambda _: ""]
)
async def test_a_device_cookie_counts_only_as_it_was_signed(
    app: Quart, client: Client, bob: dict[str, str], damage: object
) -> None:
    assert callable(damage)
    await client.post("/login", form=bob)
    forger = app.test_client()
    forger.set_cookie("localhost", "device", damage(cookie(client, "device")))
    for _ in range(5):
        await app.test_client().post("/login", form=WRONG, **elsewhere())
    assert (await forger.post("/login", form=bob)).status_code == 429


@pytest.mark.asvs("9.2.2", "9.2.3", "9.2.4")
async def test_a_device_cookie_is_worth_nothing_for_another_account_or_site(
    make_app: MakeApp, new_database: NewDatabase
) -> None:
    shared = {"DATABASE_URL": new_database(), "SECRET_KEY": SECRET_KEY}
    other = make_app(PUBLIC_URL="http://other.example", **shared)
    here = make_app(PUBLIC_URL="http://here.example", **shared)
    client = other.test_client()
    bob = {"email": BOB["email"], "password": BOB["password"]}
    await client.post("/signup", form=BOB)
    await client.post("/login", form=bob)
    for _ in range(5):
        await here.test_client().post("/login", form=WRONG, **elsewhere())
    visitor = here.test_client()
    visitor.set_cookie("localhost", "device", cookie(client, "device") or "")
    assert (await visitor.post("/login", form=bob)).status_code == 429
    victim = {"email": "victim@example.com", "password": "x"}
    assert [(await client.post("/login", form=victim)).status_code for _ in range(6)] == [302] * 5 + [429]


@pytest.mark.asvs("2.3.2", "2.4.1")
async def test_a_classroom_can_sign_up_but_not_a_crowd(client: Client) -> None:
    for number in range(SIGN_UP_BY_ADDRESS.attempts):
        person = BOB | {"email": f"pupil{number}@example.com"}
        assert (await client.post("/signup", form=person)).headers["Location"] == "/login"
    response = await client.post("/signup", form=BOB | {"email": "one-more@example.com"})
    assert response.status_code == 429
    assert (await client.post("/signup", form=BOB, **from_address("192.0.2.9"))).status_code == 302


@pytest.mark.asvs("4.1.3", "15.3.4")
@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "Remote-Addr"])
async def test_a_header_does_not_change_who_one_is(client: Client, header: str) -> None:
    for number in range(11):
        form = {"email": f"user{number}@example.com", "password": "x"}
        response = await client.post("/login", form=form, headers={header: f"203.0.113.{number}"})
    assert response.status_code == 429


@pytest.mark.asvs("4.1.3", "15.3.4")
@pytest.mark.parametrize(
    ("hops", "forwarded", "counted"),
    [
        (0, "203.0.113.7", "192.0.2.1"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        (2, "6.6.6.6, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (2, "203.0.113.7", "192.0.2.1"),
        (1, "203.0.113.7:4711", "203.0.113.7"),
        (1, "[2001:db8::7]:4711", "2001:db8::7"),
        (1, "2001:db8::7%eth0", "2001:db8::7"),
        (1, "::ffff:203.0.113.7", "203.0.113.7"),
        (1, "[::ffff:cb00:7107]:4711", "203.0.113.7"),
        (1, "not an address", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "203.0.113.7\x1b[2J", "192.0.2.1"),
    ],
)
async def test_the_entry_that_our_own_proxies_vouch_for_counts(
    make_app: MakeApp, events: Events, hops: int, forwarded: str, counted: str
) -> None:
    client = make_app(PROXY_HOPS=hops).test_client()
    await client.post("/login", form=WRONG, headers={"X-Forwarded-For": forwarded}, **from_address("192.0.2.1"))
    assert events.all[-1]["address"] == counted


@pytest.mark.asvs("6.3.1")
@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("<local>", "<local>"),
    ],
)
def test_ipv6_counts_by_the_network_that_one_customer_has(address: str, counted: str) -> None:
    assert limits.network(address) == counted


@pytest.mark.asvs("6.3.1")
async def test_another_address_of_ones_own_ipv6_network_is_no_new_start(client: Client) -> None:
    for number in range(LOG_IN_BY_ADDRESS.attempts + 1):
        form = {"email": f"user{number}@example.com", "password": "x"}
        response = await client.post("/login", form=form, **from_address(f"2001:db8:1:2:3:4:5:{number:x}"))
    assert response.status_code == 429
    form = {"email": "neighbour@example.com", "password": "x"}
    assert (await client.post("/login", form=form, **from_address("2001:db8:1:3::1"))).status_code == 302


@pytest.mark.asvs("2.4.1")
@pytest.mark.parametrize("mail", [False, True])
async def test_a_sign_up_that_there_was_no_place_for_is_not_counted(
    make_app: MakeApp, inbox: Inbox, mail: bool
) -> None:
    app = make_app(**({"MAIL_URL": inbox.url} if mail else {}))
    client, threads = app.test_client(), services_of(app).passwords.threads
    places, threads._free_places = threads._free_places, 0
    for _ in range(SIGN_UP_BY_ADDRESS.attempts + 1):
        assert (await client.post("/signup", form=BOB)).status_code == 503
    threads._free_places = places
    assert (await client.post("/signup", form=BOB)).status_code == 302


@pytest.mark.asvs("14.2.4")
async def test_the_database_does_not_say_whose_attempts_it_counts(
    client: Client, database: Database, bob: dict[str, str]
) -> None:
    await client.post("/login", form={"email": "my secret password", "password": "x"})
    async with database.reading() as db:
        keys = list(await db.scalars(select(Attempts.key)))
    assert len(keys) == 3  # the sign-up's, and two for the log-in
    assert all(len(key) == 64 and set(key) <= set("0123456789abcdef") for key in keys)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)  # where a write waits for the disk, one by one
async def test_a_flood_beyond_the_limit_writes_nothing(database: Database) -> None:
    counter = (LOG_IN_BY_ADDRESS, "x")
    for _ in range(LOG_IN_BY_ADDRESS.attempts):
        async with database.transaction() as db:
            await throttle.hit(db, counter, now=NOW)
    async with database.transaction() as db:
        before = await db.scalar(select(func.total_changes()))
        with pytest.raises(TooManyAttempts):
            await throttle.hit(db, counter, now=NOW)
        assert await db.scalar(select(func.total_changes())) == before


@pytest.mark.asvs("6.3.1")
async def test_what_is_given_back_twice_is_no_credit(database: Database) -> None:
    counter, other = (LOG_IN_BY_ADDRESS, "x"), (LOG_IN_BY_ACCOUNT, "y")
    async with database.transaction() as db:
        await throttle.hit(db, counter, now=NOW)
        for _ in range(3):
            await throttle.settle(db, refunded=[counter], cleared=other, now=NOW)
            await throttle.refund(db, counter)
        counts = [await throttle.hit(db, counter, now=NOW) for _ in range(LOG_IN_BY_ADDRESS.attempts)]
    assert counts == [*range(1, LOG_IN_BY_ADDRESS.attempts + 1)]


async def test_a_first_attempt_that_is_given_back_is_none(database: Database) -> None:
    counter = (LOG_IN_BY_ADDRESS, "x")
    async with database.transaction() as db:
        await throttle.hit(db, counter, now=NOW)
        await throttle.refund(db, counter)
        assert await throttle.hit(db, counter, now=NOW) == 1


def test_a_count_beyond_a_limit_that_was_lowered_is_refused_too() -> None:
    counter = (LOG_IN_BY_ADDRESS, "x")
    (key,) = throttle.keys_of([counter])
    end = NOW + timedelta(seconds=30)
    row = Attempts(key=key, count=LOG_IN_BY_ADDRESS.attempts + 5, ends_at=end)
    assert throttle.refused([row], [counter], now=NOW) == (counter, end)


def test_nobody_is_told_to_come_back_at_once() -> None:
    assert throttle.seconds_until(NOW + timedelta(milliseconds=400), now=NOW) == 1


async def test_an_attempt_is_numbered_by_the_last_of_its_limits(database: Database) -> None:
    async with database.transaction() as db:
        await throttle.hit(db, (LOG_IN_BY_ADDRESS, "x"), now=NOW)
        assert await throttle.hit(db, (LOG_IN_BY_ADDRESS, "x"), (LOG_IN_BY_ACCOUNT, "y"), now=NOW) == 1
        assert await throttle.hit(db, (LOG_IN_BY_ACCOUNT, "z"), (LOG_IN_BY_ADDRESS, "x"), now=NOW) == 3


@pytest.mark.asvs("14.2.7")
async def test_past_counts_are_pruned(database: Database) -> None:
    async with database.transaction() as db:
        await throttle.hit(db, (LOG_IN_BY_ADDRESS, "old"), now=NOW)
        await throttle.hit(db, (LOG_IN_BY_ACCOUNT, "new"), now=NOW)
    await pruning.prune(database, now=NOW + LOG_IN_BY_ADDRESS.window)
    async with database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(Attempts)) == 1


@pytest.mark.asvs("16.5.3")
async def test_a_throttle_that_fails_lets_nobody_in(
    client: Client, bob: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(throttle, "hit", fail)
    response = await client.post("/login", form=bob)
    assert response.status_code == 500
    assert cookie(client, "log-in") is None


@pytest.mark.parametrize(
    ("seconds", "said"), [(1, "1 second."), (59, "59 seconds."), (60, "1 minute."), (61, "2 minutes.")]
)
def test_the_wait_is_said_in_words(seconds: int, said: str) -> None:
    assert sentence(TooManyAttempts(seconds)).endswith(f"again in {said}")


async def test_who_has_to_wait_sees_the_form_again_with_what_was_typed(client: Client) -> None:
    for _ in range(5):
        await send(client, "POST", "/login", form=WRONG)
    response = await send(client, "POST", "/login", form=WRONG | {"next": "/profile?x=1"})
    source = await response.get_data(as_text=True)
    assert response.status_code == 429
    assert "There were too many attempts. Please try again in 5 minutes." in source
    assert f'value="{WRONG["email"]}"' in source
    assert 'name="next" value="/profile?x=1"' in source
    assert await notice(client, "/login") == "", "the message was shown with the form and is not left for the next page"


async def test_a_limit_from_a_clock_that_was_ahead_is_over(database: Database) -> None:
    counter = (limits.LOG_IN_BY_ACCOUNT, "bob@example.com")
    now = datetime(2030, 1, 1, tzinfo=UTC)
    for _ in range(5):
        async with database.transaction() as db:
            await throttle.hit(db, counter, now=now + timedelta(days=1))
    for _ in range(5):
        async with database.transaction() as db:
            await throttle.hit(db, counter, now=now)
    with pytest.raises(TooManyAttempts) as refused:
        async with database.transaction() as db:
            await throttle.hit(db, counter, now=now)
    assert refused.value.retry_after == 300


async def test_attempts_that_are_counted_in_another_order_than_they_came_in_count_all(database: Database) -> None:
    """Of many at once, the first to reach the database may be the last by the clock."""
    counter = (limits.LOG_IN_BY_ACCOUNT, "bob@example.com")
    for number in range(5):
        async with database.transaction() as db:
            counted = await throttle.hit(db, counter, now=NOW - timedelta(milliseconds=number))
            assert counted == number + 1
    with pytest.raises(TooManyAttempts):
        async with database.transaction() as db:
            await throttle.hit(db, counter, now=NOW - timedelta(milliseconds=9))
