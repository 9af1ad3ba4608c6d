"""A pytest plugin for the tests of a site. Its conftest.py says `pytest_plugins = ["quart_auth_app.testing"]`.

A site with an application of its own replaces the fixture `app`; all others work on it. Needs pytest-asyncio.

PYTEST_DONT_REWRITE: a conftest.py may import names from here before pytest loads the plugin.
"""

import asyncio
import inspect
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.cookiejar import Cookie, CookieJar
from http.cookies import SimpleCookie
from itertools import count
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

import pytest
import pytest_asyncio
from quart import Quart, Response
from quart.testing import QuartClient
from quart.typing import TestClientProtocol, TestHTTPConnectionProtocol, TestWebsocketConnectionProtocol
from sqlalchemy import make_url
from werkzeug.datastructures import Headers

from quart_auth_app import User, create_app, log_in, settings
from quart_auth_app import clock as clocks
from quart_auth_app.accounts import users
from quart_auth_app.accounts.passwords import hashing
from quart_auth_app.accounts.second_step import TOTP
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.web.services import EXTENSION, Services

SECRET_KEY = "a key for tests, which is long enough"  # noqa: S105  # it protects nothing
PASSWORD = "sunny otter ladder 42"  # noqa: S105  # as above
"""What `make_user` gives everybody."""

BODIES = {"data", "form", "files", "json"}
"""Arguments that are a request's body."""

MAX_REDIRECTS = 20
"""As many as browsers follow."""


class Clock:
    """The time, as far as accounts can tell. It stands still until it is told otherwise."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def advance(self, step: timedelta) -> None:
        """Let time pass."""
        self.now += step


class _Cookies(CookieJar):
    """A cookie jar that gives each request what a browser would send with it, by Path and Secure (RFC 6265, 5.4)."""

    url: str | None = None
    """Where the next request goes; None for all cookies."""

    def __iter__(self) -> Iterator[Cookie]:
        return (each for each in super().__iter__() if self.url is None or self._goes_to(self.url, each))

    @staticmethod
    def _goes_to(url: str, cookie: Cookie) -> bool:
        parts, folder = urlsplit(url), cookie.path.rstrip("/") + "/"
        # Browsers treat localhost as if it had https.
        is_secure = parts.scheme in {"https", "wss"} or parts.hostname == "localhost"
        return (is_secure or not cookie.secure) and f"{parts.path}/".startswith(folder)


class Browser(QuartClient):
    """Quart's test client, closer to a browser.

    It is at PUBLIC_URL, https included; sends each cookie only where its Path and Secure allow; says with each form
    that it comes from the site's own page (Origin); and follows redirects by GET, without sending the form again.
    """

    def __init__(self, app: Quart, use_cookies: bool = True) -> None:
        super().__init__(app, use_cookies)
        self.cookie_jar: CookieJar | None = _Cookies() if use_cookies else None
        self._base = _services(app).settings.public_url or "http://localhost"

    async def open(
        self, path: str, *, method: str = "GET", follow_redirects: bool = False, **arguments: Any
    ) -> Response:
        """Send a request; the arguments are those of `QuartClient.open`."""
        response = await self._send(path, method, arguments)
        for _ in range(MAX_REDIRECTS):
            if not (follow_redirects and response.location):
                break
            path = urljoin(path, response.location)
            if response.status_code not in {307, 308}:
                method = "HEAD" if method == "HEAD" else "GET"
                arguments = {name: value for name, value in arguments.items() if name not in BODIES}
            arguments.pop("query_string", None)
            response = await self._send(path, method, arguments)
        return response

    async def _send(self, path: str, method: str, arguments: dict[str, Any]) -> Response:
        arguments = self._at_home(path, arguments)
        if method not in {"GET", "HEAD"}:
            arguments["headers"].setdefault("Origin", self._base)
        return await super().open(path, method=method, **arguments)

    def request(self, path: str, **arguments: Any) -> TestHTTPConnectionProtocol:
        """Begin a request whose body is sent piece by piece."""
        return super().request(path, **self._at_home(path, arguments))

    def websocket(self, path: str, **arguments: Any) -> TestWebsocketConnectionProtocol:
        """Open a WebSocket, from a page of the site."""
        arguments = self._at_home(path, {"scheme": self._scheme.replace("http", "ws")} | arguments)
        arguments["headers"].setdefault("Origin", self._base)
        return super().websocket(path, **arguments)

    @property
    def _scheme(self) -> str:
        return urlsplit(self._base).scheme

    def _at_home(self, path: str, arguments: dict[str, Any]) -> dict[str, Any]:
        headers = Headers(arguments.get("headers") or {})
        headers.setdefault("Host", urlsplit(self._base).netloc)
        made = {"scheme": self._scheme} | arguments | {"headers": headers}
        if isinstance(self.cookie_jar, _Cookies):
            self.cookie_jar.url = f"{made['scheme']}://{headers['Host']}{urlsplit(path).path}"
        return made


AnyClient = QuartClient | TestClientProtocol
"""A test client: what `app.test_client()` returns, or a Browser."""


class LogInAs(Protocol):
    """What the fixture `log_in_as` gives."""

    async def __call__(self, client: AnyClient, user: User, *, remember: bool = False) -> None:
        """Log the client in, without a password."""


class MakeUser(Protocol):
    """What the fixture `make_user` gives."""

    async def __call__(self, email: str | None = None, *, name: str = "Bob", password: str = PASSWORD) -> User:
        """Create a user, who has an address of their own unless one is given."""


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed in a millisecond, in place of a quarter of a second."""
    monkeypatch.setattr(hashing, "ROUNDS", 4)


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests are the same on every machine: settings from outside are not seen."""
    for name in settings.ALL_NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Stop the clock; `clock.advance(timedelta(hours=1))` lets time pass."""
    fake = Clock(datetime(2030, 1, 1, tzinfo=UTC))
    monkeypatch.setattr(clocks, "now", lambda: fake.now)
    return fake


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("quart_auth_app") / "migrated.sqlite"

    async def migrate() -> None:
        database = Database(make_url(f"sqlite:///{file}"))
        await database.upgrade()
        await database.close()

    with ThreadPoolExecutor(1) as pool:  # in a loop of its own: the test's may be running
        pool.submit(asyncio.run, migrate()).result()
    return file


@pytest.fixture
def fresh_database(_migrated: Path, tmp_path: Path) -> str:
    """Return the DATABASE_URL of a database of this test's own, with our tables. It is a copy, made in milliseconds."""
    file = tmp_path / "fresh.sqlite"
    shutil.copy(_migrated, file)
    return f"sqlite:///{file}"


@pytest.fixture
def app(fresh_database: str) -> Quart:
    """One application. A site replaces this fixture: `return create_shop({"DATABASE_URL": fresh_database})`."""
    return create_app({"DATABASE_URL": fresh_database, "SECRET_KEY": SECRET_KEY})


@pytest_asyncio.fixture
async def client(app: Quart) -> AsyncIterator[Browser]:
    """Give a browser that has never been to the site.

    At the end, work in the background is waited for, and the application's connections are closed.
    """
    yield Browser(app)
    await asyncio.gather(*app.background_tasks)
    await _services(app).database.close()


@pytest.fixture
def make_user(app: Quart) -> MakeUser:
    """Give a function that creates users, as signing up does."""
    return user_maker(app)


def user_maker(app: Quart) -> MakeUser:
    """Return the function that the fixture `make_user` gives, for tests with more than one application."""
    numbers = count(1)

    async def make(email: str | None = None, *, name: str = "Bob", password: str = PASSWORD) -> User:
        found = _services(app)
        email = email or f"bob{next(numbers)}@example.com"
        return await users.create(
            found.database.transaction, found.passwords, email=email, name=name, password=password, site="localhost"
        )

    return make


@pytest.fixture
def log_in_as() -> LogInAs:
    """Give a function that logs a client in without a password."""
    return _log_in_as


async def _log_in_as(client: AnyClient, user: User, *, remember: bool = False) -> None:
    scope = {"client_address": "127.0.0.1", "request_id": "test"}  # what web.edge adds to each request
    base = _services(client.app).settings.public_url or "http://localhost"
    headers, scheme = {"Host": urlsplit(base).netloc}, urlsplit(base).scheme
    async with client.app.test_request_context("/", headers=headers, scheme=scheme, scope_base=scope) as context:
        if not await log_in(user, remember=remember, methods=[TOTP]):  # a second step, so that none is missing
            raise ValueError(f"{user.email} can't log in: the account is closed, or has another password by now")
        process: Any = client.app.process_response
        first, *_ = inspect.signature(process).parameters  # since Quart 0.23 it is the context
        response: Response = await (process(Response("")) if first == "response" else process(context, Response("")))
    for value in response.headers.getlist("Set-Cookie"):
        for name, cookie in SimpleCookie(value).items():
            is_secure = bool(cookie["secure"])
            client.set_cookie(urlsplit(base).netloc, name, cookie.value, path=cookie["path"] or "/", secure=is_secure)


def _services(app: Quart) -> Services:
    found: Services = app.extensions[EXTENSION]
    return found
