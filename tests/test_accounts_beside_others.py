"""Accounts in an application that has quart-auth already, or that has several hosts."""

import warnings
from collections.abc import AsyncIterator

import pytest
from quart import Quart, url_for
from quart_auth import Action, AuthUser, QuartAuth, login_required

from quart_auth_app import Accounts, SettingsError
from quart_auth_app.web.services import EXTENSION
from tests.conftest import services_of
from tests.databases import SECRET_KEY, NewDatabase
from tests.people import BOB, text
from tests.web.test_own_host import first_answer

ALONE = "current_user can follow one alone"


@pytest.fixture
async def host(new_database: NewDatabase) -> AsyncIterator[Quart]:
    """An application that has no accounts yet."""
    app = Quart(__name__)
    app.config.from_mapping(SECRET_KEY=SECRET_KEY, DATABASE_URL=new_database())
    yield app
    if EXTENSION in app.extensions:
        await services_of(app).database.close()


def test_a_quart_auth_of_the_hosts_own_is_refused_in_a_sentence_before_ours_and_after(host: Quart) -> None:
    before = Quart(__name__)
    before.config.update(host.config)
    QuartAuth(before)
    with warnings.catch_warnings(action="ignore"), pytest.raises(SettingsError, match=ALONE):  # quart-auth warns too
        Accounts(before)
    Accounts(host)
    with warnings.catch_warnings(action="ignore"), pytest.raises(SettingsError, match=ALONE):
        QuartAuth(host, cookie_name="other")


@pytest.mark.parametrize("first", [True, False])
async def test_a_quart_auth_that_is_not_for_current_user_lives_beside_ours(host: Quart, first: bool) -> None:
    def make() -> QuartAuth:
        return QuartAuth(
            host, singleton=False, attribute_name="staff", cookie_name="staff", salt="staff", cookie_secure=False
        )

    other = make() if first else None
    Accounts(host)
    staff = other or make()

    @host.post("/staff")
    async def log_in() -> str:
        staff.login_user(AuthUser("7", Action.WRITE))
        return ""

    @host.get("/staff")
    async def who() -> str:
        return str(staff.load_user().auth_id)

    @host.get("/private")
    @login_required
    async def private() -> str:
        return "private"

    client = host.test_client()
    await client.post("/staff")
    assert await text(await client.get("/staff")) == "7"
    assert (await client.get("/private")).location == "/login?next=/private"
    await client.post("/signup", form=BOB)
    await client.post("/login", form=BOB)
    assert await text(await client.get("/private")) == "private"
    await client.post("/logout")
    assert await text(await client.get("/staff")) == "7"
    assert (await client.get("/private")).status_code == 302


def test_an_application_whose_routes_name_their_hosts_is_refused_in_a_sentence(host: Quart) -> None:
    many = Quart(__name__, host_matching=True, static_host="example.com")
    many.config.update(host.config)
    with pytest.raises(SettingsError, match="each route names its host"):
        Accounts(many)


async def test_our_pages_are_at_the_server_name_and_a_subdomain_leads_there_without_its_own_path(host: Quart) -> None:
    host.config["SERVER_NAME"] = "example.com"
    Accounts(host)

    @host.get("/private", subdomain="shop")
    @login_required
    async def private() -> str:
        return "private"

    @host.get("/link", subdomain="shop")
    async def link() -> str:
        return url_for("auth.login")

    client, there = host.test_client(), {"Host": "shop.example.com"}
    assert (await client.get("/login", headers={"Host": "example.com"})).status_code == 200
    assert (await client.get("/login", headers=there)).status_code == 404
    assert await text(await client.get("/link", headers=there)) == "http://example.com/login"
    assert (await client.get("/private", headers=there)).location == "http://example.com/login"
    assert (await client.get("/profile", headers={"Host": "example.com"})).location == "/login?next=/profile"


@pytest.mark.parametrize(("path", "name"), [("/login", "a..b"), ("/own", "a..b"), ("http://[/own", "localhost")])
@pytest.mark.parametrize(("kind", "answer"), [("http", 400), ("websocket", "websocket.close")])
async def test_an_odd_host_or_target_is_a_bad_request_on_every_page(
    host: Quart, caplog: pytest.LogCaptureFixture, kind: str, answer: int | str, path: str, name: str
) -> None:
    Accounts(host)
    host.add_url_rule("/own", "own", lambda: "own")
    assert await first_answer(host, kind, path=path, host=name) == answer
    assert not [each for each in caplog.records if each.exc_info]


async def test_any_other_host_gets_the_pages_of_the_application(host: Quart) -> None:
    Accounts(host)
    host.add_url_rule("/own", "own", lambda: "own")
    assert await text(await host.test_client().get("/own", headers={"Host": "a.b"})) == "own"
