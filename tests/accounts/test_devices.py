"""Known browsers: each is one device, for the accounts and passwords that it has logged in with."""

import pytest
from quart import Quart

from quart_auth_app.accounts import users
from quart_auth_app.accounts.devices import MAX_ACCOUNTS, Device
from quart_auth_app.accounts.throttling.limits import (
    LOG_IN_BY_ADDRESS_OF_DEVICES,
    LOG_IN_BY_ALL_DEVICES,
    LOG_IN_BY_DEVICE,
    SECOND_STEP_BY_ALL_DEVICES_A_DAY,
    second_step_counters,
)
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import User
from tests.conftest import services_of
from tests.people import BOB, EVE, Client, cookie, elsewhere

WRONG = {"email": BOB["email"], "password": "wrong"}
NEW = "another kettle of fish 7"


async def shut(app: Quart) -> None:
    """Let strangers fail until Bob's account refuses strangers."""
    statuses = [(await app.test_client().post("/login", form=WRONG, **elsewhere())).status_code for _ in range(6)]
    assert statuses[-1] == 429


async def is_known(client: Client, password: str = BOB["password"]) -> bool:
    """Tell whether Bob gets in by this browser while his account refuses strangers."""
    form = {"email": BOB["email"], "password": password}
    return (await client.post("/login", form=form, **elsewhere())).status_code == 302


async def guesses(client: Client, cookies: list[str], tries: int = 7) -> int:
    """Return how many guesses at Bob's password pass the limits with these device cookies, in turn."""
    passed = 0
    for each in cookies:
        client.set_cookie("localhost", "device", each)
        answers = [await client.post("/login", form=WRONG, **elsewhere()) for _ in range(tries)]
        passed += sum(answer.status_code == 302 for answer in answers)
    return passed


@pytest.mark.asvs("2.4.1", "6.3.1")
async def test_logging_in_again_gives_a_browser_no_more_guesses(
    app: Quart, client: Client, bob: dict[str, str]
) -> None:
    cookies = []
    for _ in range(8):
        await client.post("/login", form=bob, **elsewhere())
        cookies.append(cookie(client, "device") or "")
    assert await guesses(app.test_client(), cookies) == LOG_IN_BY_DEVICE.attempts


@pytest.mark.asvs("2.4.1", "6.3.1")
async def test_all_browsers_of_an_account_share_a_limit(app: Quart, bob: dict[str, str]) -> None:
    cookies = []
    for _ in range(8):
        client = app.test_client()
        await client.post("/login", form=bob, **elsewhere())
        cookies.append(cookie(client, "device") or "")
    assert len(set(cookies)) == 8
    assert await guesses(app.test_client(), cookies) == LOG_IN_BY_ALL_DEVICES.attempts


@pytest.mark.asvs("6.3.1")
async def test_known_browsers_are_counted_by_their_address_too(app: Quart, client: Client) -> None:
    people = [BOB | {"email": f"person{number}@example.com"} for number in range(4)]
    for person in people:
        await client.post("/signup", form=person)
        await client.post("/login", form=person, **elsewhere())
    answers = [await client.post("/login", form=person | {"password": "wrong"}) for person in people for _ in range(3)]
    limit = LOG_IN_BY_ADDRESS_OF_DEVICES.attempts
    assert [answer.status_code for answer in answers] == [302] * limit + [429] * (12 - limit)


@pytest.mark.asvs("6.3.1")
async def test_a_known_browser_is_not_shut_out_by_strangers_behind_the_same_router(
    app: Quart, client: Client, bob: dict[str, str]
) -> None:
    await client.post("/login", form=bob)
    for number in range(11):
        form = {"email": f"user{number}@example.com", "password": "x"}
        stranger = await app.test_client().post("/login", form=form)
    assert stranger.status_code == 429
    assert (await client.post("/login", form=bob)).headers["Location"] == "/profile"


@pytest.mark.asvs("6.3.1", "7.4.3")
async def test_after_a_change_of_password_only_the_browser_that_made_it_is_known(
    app: Quart, client: Client, bob: dict[str, str]
) -> None:
    other = app.test_client()
    for browser in (client, other):
        await browser.post("/login", form=bob, **elsewhere())
    await client.post("/account/password", form={"current_password": bob["password"], "password": NEW})
    await shut(app)
    assert await is_known(client, NEW)
    assert not await is_known(other, NEW)


async def test_after_an_operators_change_of_password_no_browser_is_known(
    app: Quart, client: Client, bob: dict[str, str], database: Database
) -> None:
    await client.post("/login", form=bob)
    async with database.reading() as db:
        user = await db.get_one(User, 1)
    passwords = services_of(app).passwords
    await users.set_password(database.transaction, passwords, user=user, password=NEW, site="localhost")
    await shut(app)
    assert not await is_known(client, NEW)


async def test_a_second_account_in_the_same_browser_leaves_the_first_its_protection(
    app: Quart, client: Client, bob: dict[str, str]
) -> None:
    await client.post("/signup", form=EVE)
    for person in (BOB, EVE):
        await client.post("/login", form=person, **elsewhere())
    await shut(app)
    assert await is_known(client)


async def test_logging_in_to_one_account_gives_no_more_guesses_at_another(client: Client, bob: dict[str, str]) -> None:
    await client.post("/signup", form=EVE)
    for person in (BOB, EVE):
        await client.post("/login", form=person, **elsewhere())
    statuses = []
    for _ in range(6):
        await client.post("/login", form=EVE, **elsewhere())
        statuses.append((await client.post("/login", form=WRONG, **elsewhere())).status_code)
    assert statuses == [302] * LOG_IN_BY_DEVICE.attempts + [429]


def person(number: int, *, version: int = 0) -> User:
    """Return somebody with an account."""
    return User(id=number, email=f"person{number}@example.com", password_version=version)


def test_a_device_knows_the_eight_accounts_that_it_was_used_for_last() -> None:
    device = Device("x")
    for number in [1, *range(1, MAX_ACCOUNTS + 2), 1]:
        device = device.with_account(person(number))
    known = [number for number in range(1, MAX_ACCOUNTS + 3) if device.is_known_to(person(number))]
    assert known == [1, *range(3, MAX_ACCOUNTS + 2)]


def test_logging_in_again_puts_no_account_twice_into_a_device_that_is_full() -> None:
    device = Device("x")
    for number in [*range(MAX_ACCOUNTS), MAX_ACCOUNTS - 1]:
        device = device.with_account(person(number))
    assert all(device.is_known_to(person(number)) for number in range(MAX_ACCOUNTS))


def test_an_address_that_was_given_to_another_person_is_not_known() -> None:
    device = Device("x").with_account(person(1))
    namesake = User(id=2, email=person(1).email, password_version=0)
    assert device.claims(namesake.email)
    assert not device.is_known_to(namesake)
    assert not device.is_known_to(person(1, version=1))


def test_codes_have_a_limit_a_day_over_all_known_browsers() -> None:
    counted = [second_step_counters(user_id=1, device=device) for device in ("one", "two")]
    first, second = ([each for each in all_of if each[0] is SECOND_STEP_BY_ALL_DEVICES_A_DAY] for all_of in counted)
    assert first == second != []
