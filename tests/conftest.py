"""What all tests share. People are made by sign_up, cheap hashes are made by this file alone."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from quart import Quart

from quart_auth_app import clock, create_app
from quart_auth_app.accounts import throttle
from quart_auth_app.accounts.passwords import hashing
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.settings import NAMES
from quart_auth_app.web.services import EXTENSION, Services
from tests import databases
from tests.databases import NewDatabase
from tests.inbox import Inbox
from tests.people import BOB, Accounts, Client, Clock, Events

MakeApp = Callable[..., Quart]


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "ROUNDS", 4)


@pytest.fixture(autouse=True)
def events(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Events:
    """What the security log says of this test."""
    monkeypatch.setattr(logging.getLogger("quart_auth_app"), "propagate", True)
    caplog.set_level(logging.INFO)
    return Events(caplog)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session", autouse=True)
def _template() -> Iterator[None]:
    with databases.template():
        yield


@pytest.fixture(params=databases.KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """On which kind of database this test runs."""
    kind: str = request.param
    return kind


@pytest.fixture
def new_database(database_kind: str, tmp_path: Path) -> Iterator[NewDatabase]:
    """Make empty databases."""
    with databases.new_databases(database_kind, tmp_path) as new:
        yield new


@pytest.fixture
async def make_app(new_database: NewDatabase) -> AsyncIterator[MakeApp]:
    """Make applications, each on a database of its own unless told otherwise."""
    apps: list[Quart] = []

    def make(**config: object) -> Quart:
        if "DATABASE_URL" not in config:
            config = {"SECRET_KEY": databases.SECRET_KEY, "DATABASE_URL": new_database()} | config
        apps.append(create_app(config))
        return apps[-1]

    yield make
    for app in apps:
        await services_of(app).database.close()


@pytest.fixture
def app(make_app: MakeApp) -> Quart:
    """One application."""
    return make_app()


@pytest.fixture
def client(app: Quart) -> Client:
    """A browser that has never been to the site."""
    return app.test_client()


@pytest.fixture
async def bob(client: Client) -> dict[str, str]:
    """What Bob, who has an account, types to log in."""
    await client.post("/signup", form=BOB)
    return {"email": BOB["email"], "password": BOB["password"]}


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    """Everybody's mail."""
    return Inbox(tmp_path / "inbox")


@pytest.fixture
def database(app: Quart) -> Database:
    """The application's database."""
    return services_of(app).database


@pytest.fixture
def accounts(app: Quart) -> Accounts:
    """The domain, asked directly."""
    return Accounts(services_of(app))


@pytest.fixture
def unthrottled(monkeypatch: pytest.MonkeyPatch) -> None:
    """No limit on attempts, for tests that make very many."""

    async def hit(*_: object, **__: object) -> None: ...

    monkeypatch.setattr(throttle, "hit", hit)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that stands still until told otherwise."""
    fake = Clock(datetime(2030, 1, 1, tzinfo=UTC))
    monkeypatch.setattr(clock, "now", lambda: fake.now)
    return fake


def services_of(app: Quart) -> Services:
    """Return what create_app made for this application."""
    services: Services = app.extensions[EXTENSION]
    return services


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: they share a session-wide server."""
    items.sort(key=lambda item: "browser" in item.path.name)
