"""Fixtures of all tests. People are made by signing up."""

import gc
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

import pytest
from jinja2 import BytecodeCache, StrictUndefined
from quart import Quart

from quart_auth_app import create_app
from quart_auth_app.accounts.throttling import throttle
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.mail.sending import Sender
from quart_auth_app.testing import Browser, Clock, cheap_hashes, clock, no_settings_from_outside
from quart_auth_app.web.services import EXTENSION, Services
from tests import databases, made_once, statements
from tests.databases import NewDatabase
from tests.inbox import Inbox
from tests.people import BOB, Accounts, Client, Events

MakeApp = Callable[..., Quart]

# The fixtures that sites have too.
__all__ = ["cheap_hashes", "clock", "no_settings_from_outside"]


@pytest.fixture(autouse=True)
def events(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Events:
    """The security log of this test."""
    monkeypatch.setattr(logging.getLogger("quart_auth_app"), "propagate", True)
    caplog.set_level(logging.INFO)
    return Events(caplog)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session", autouse=True)
def _template() -> Iterator[None]:
    with databases.template():
        yield


@pytest.fixture(params=databases.KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """The kind of database that this test uses."""
    kind: str = request.param
    return kind


@pytest.fixture
def new_database(database_kind: str, tmp_path: Path) -> Iterator[NewDatabase]:
    """Make empty databases."""
    with databases.new_databases(database_kind, tmp_path) as new:
        yield new


@pytest.fixture(scope="session")
def compiled_templates() -> BytecodeCache:
    """The cache of compiled templates."""
    return made_once.CompiledTemplates()


@pytest.fixture(scope="session", autouse=True)
def _made_once() -> Iterator[None]:
    """Keep from one application to the next what is always the same."""
    with made_once.routes(), made_once.languages(), made_once.migrations(), made_once.ratings(), statements.shared():
        yield


@pytest.fixture
async def make_app(new_database: NewDatabase, compiled_templates: BytecodeCache) -> AsyncIterator[MakeApp]:
    """Make applications, each with a database of its own by default."""
    apps: list[Quart] = []

    def make(**config: object) -> Quart:
        if "DATABASE_URL" not in config:
            config = {"SECRET_KEY": databases.SECRET_KEY, "DATABASE_URL": new_database()} | config
        apps.append(create_app(config))
        apps[-1].test_client_class = Browser  # type: ignore[assignment]  # as Quart has it for its own client
        # A site may choose that a variable without a value is an error; then our templates must not have any.
        apps[-1].jinja_options = {"bytecode_cache": compiled_templates, "undefined": StrictUndefined}
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
    """A browser without cookies."""
    return app.test_client()


@pytest.fixture
async def bob(client: Client) -> dict[str, str]:
    """The log-in form of Bob, who has an account."""
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
    """Signing up and logging in without HTTP."""
    return Accounts(services_of(app))


@pytest.fixture
def unthrottled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turn off limits on attempts, for tests with very many."""

    async def hit(*_: object, **__: object) -> int:
        return 1

    monkeypatch.setattr(throttle, "hit", hit)


@pytest.fixture
def time(clock: Clock) -> Clock:
    """A clock that stands still until the test changes it."""
    return clock


def services_of(app: Quart) -> Services:
    """Return what create_app made for this application."""
    services: Services = app.extensions[EXTENSION]
    return services


@contextmanager
def mail_held_back(app: Quart) -> Iterator[Sender]:
    """Let no mail leave before the end of the block. Yields the sender, whose `send_due` sends it then."""
    sender = services_of(app).sender
    assert sender
    sender.is_running = True
    try:
        yield sender
    finally:
        sender.is_running = False


def pytest_configure() -> None:
    """Collect garbage once for some three applications, while they are in the processor's cache.

    With Python's thresholds, or ten times as many objects at once, it takes twice the time, an eighth of a page test's.
    """
    gc.set_threshold(10_000, 50, 20)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run slow tests first: they wait for servers and browsers, while other processes run the quick ones.

    With TEST_DATABASES=one, each test runs on one kind of database, half of the tests on each kind.
    """
    if os.environ.get("TEST_DATABASES") == "one":
        left_out = [item for item in items if not _is_on_its_kind(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _is_on_its_kind(item)]
    items.sort(key=lambda item: not item.get_closest_marker("slow"))


def _is_on_its_kind(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
        return True
    kind = str(item.callspec.params.get("database_kind"))
    either = crc32(item.nodeid.replace(kind, "").encode())
    return kind not in databases.KINDS or kind == databases.KINDS[either % len(databases.KINDS)]


def pytest_collection_finish() -> None:
    """Leave what is loaded by now, which stays, out of each garbage collection."""
    gc.collect()
    gc.freeze()
