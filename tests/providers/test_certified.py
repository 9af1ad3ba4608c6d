"""The client against a real provider, which has passed OpenID's own tests: what it does by itself is what we expect."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from quart import Quart

from quart_auth_app.database.units_of_work import Database
from quart_auth_app.testing import Clock
from tests.conftest import MakeApp
from tests.people import Client, Events, is_logged_in, text
from tests.providers.certified import Certified, needs_node
from tests.web.test_providers import address, make_old

# What is tried here is the client alone, which no database changes.
pytestmark = [pytest.mark.slow, needs_node, pytest.mark.parametrize("database_kind", ["sqlite"])]

REDIRECT_URI = "http://localhost/login/with/certified/callback"

PERSON = "bob@example.com"


@pytest.fixture
def clock(clock: Clock) -> Clock:
    """A clock that starts at the provider's time."""
    clock.now = datetime.now(UTC)
    return clock


@pytest.fixture
def certified(tmp_path: Path) -> Certified:
    """A provider that does not run yet."""
    return Certified(tmp_path, REDIRECT_URI)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certified]:
    """A provider that runs."""
    with Certified(tmp_path_factory.mktemp("provider"), REDIRECT_URI).running() as provider:
        yield provider


@pytest.fixture
def app(make_app: MakeApp, running: Certified) -> Quart:
    """An application that knows the provider."""
    return make_app(**running.settings())


async def log_in(client: Client, provider: Certified, person: str = PERSON) -> None:
    """Go to the provider and back."""
    await client.get(await provider.back(await address(await client.post("/login/with/certified")), person))


async def test_the_first_log_in_makes_an_account_and_the_second_finds_it(
    app: Quart, client: Client, running: Certified, events: Events
) -> None:
    for browser in (client, app.test_client()):
        await log_in(browser, running)
        assert "Welcome, Bob of the provider!" in await text(await browser.get("/profile"))
        assert events.names.count("sign_up") == 1


async def test_attempts_in_several_tabs_end_each_where_it_began(client: Client, running: Certified) -> None:
    ways = [await address(await client.post("/login/with/certified", form={"next": f"/?{n}"})) for n in range(3)]
    for number in (1, 2, 0):
        back = await client.get(await running.back(ways[number], PERSON))
        assert back.headers["Location"] == f"/?{number}"


async def test_its_new_keys_are_fetched(make_app: MakeApp, certified: Certified, clock: Clock) -> None:
    client = make_app(**certified.settings()).test_client()
    with certified.running():
        await log_in(client, certified)
        assert await is_logged_in(client)
        await client.post("/logout")
    with certified.running():
        await log_in(client, certified)
        assert not await is_logged_in(client), "its keys were fetched less than a minute ago"
        clock.advance(timedelta(minutes=1))
        await log_in(client, certified)
        assert await is_logged_in(client)


async def test_it_is_away_and_comes_back(make_app: MakeApp, certified: Certified, clock: Clock) -> None:
    client = make_app(**certified.settings()).test_client()
    response = await client.post("/login/with/certified")
    assert response.status_code == 503
    assert "log in another way" in await text(response)
    clock.advance(timedelta(seconds=10))
    with certified.running():
        way = await address(await client.post("/login/with/certified"))
        back = await certified.back(way, PERSON)
    assert (await client.get(back)).status_code == 503
    assert not await is_logged_in(client)


@pytest.mark.asvs("10.1.2", "10.2.1")
async def test_its_code_is_worth_nothing_beside_another_attempt(
    app: Quart, client: Client, running: Certified, events: Events
) -> None:
    other = app.test_client()
    stolen = await answer(client, running, PERSON)
    own = await answer(other, running, "eve@example.com")
    await other.get("/login/with/certified/callback", query_string=own | {"code": stolen["code"]})
    assert not await is_logged_in(other)
    assert events.all[-2]["reason"] == "token endpoint: invalid_grant"


async def answer(client: Client, provider: Certified, person: str) -> dict[str, str]:
    """Go to the provider, and return what its answer says without giving it to us."""
    back = await provider.back(await address(await client.post("/login/with/certified")), person)
    return dict(parse_qsl(urlsplit(back).query))


async def test_it_does_not_take_another_secret(make_app: MakeApp, running: Certified, events: Events) -> None:
    client = make_app(**running.settings() | {"OIDC_CERTIFIED_CLIENT_SECRET": "another"}).test_client()
    await log_in(client, running)
    assert not await is_logged_in(client)
    assert events.all[-2]["reason"] == "token endpoint: invalid_client"


@pytest.mark.asvs("6.8.4")
async def test_it_tells_when_somebody_logged_in_where_that_is_asked(
    client: Client, database: Database, running: Certified
) -> None:
    await log_in(client, running)
    await make_old(database)
    form = {"sudo_provider": "certified", "next": "/account/passkeys"}
    way = await address(await client.post("/account/sudo", form=form))
    assert (await client.get("/account/passkeys")).status_code == 403
    assert (await client.get(await running.back(way, PERSON))).headers["Location"] == "/account/passkeys"
    assert (await client.get("/account/passkeys")).status_code == 200


async def test_who_cancels_there_is_back_at_the_log_in_page(client: Client, running: Certified, events: Events) -> None:
    way = await address(await client.post("/login/with/certified"))
    assert (await client.get(await running.back(way, person=None))).headers["Location"] == "/login"
    assert events.all[-1]["reason"] == "access_denied"
