"""Quart's test client, closer to a browser."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from http.cookiejar import Cookie, CookieJar
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest_asyncio
from quart import Quart, Response
from quart.testing import QuartClient
from quart.typing import TestClientProtocol, TestHTTPConnectionProtocol, TestWebsocketConnectionProtocol
from werkzeug.datastructures import Headers

from quart_auth_app.web.services import services_of

BODIES = {"data", "form", "files", "json"}
"""Arguments that are a request's body."""

MAX_REDIRECTS = 20
"""How many redirects are followed; browsers stop at 20 too."""

AnyClient = QuartClient | TestClientProtocol
"""A test client: what `app.test_client()` returns, or a Browser."""


def home_of(app: Quart) -> str:
    """Return the origin at which tests reach the application: PUBLIC_URL, or else http://localhost."""
    return services_of(app).settings.public_url or "http://localhost"


class _Cookies(CookieJar):
    """A cookie jar that respects Path and Secure, as browsers do (RFC 6265, 5.4)."""

    url: str | None = None
    """The URL of the next request; None for all cookies."""

    def __iter__(self) -> Iterator[Cookie]:
        return (each for each in super().__iter__() if self.url is None or self._goes_to(self.url, each))

    @staticmethod
    def _goes_to(url: str, cookie: Cookie) -> bool:
        parts, folder = urlsplit(url), cookie.path.rstrip("/") + "/"
        # Browsers send Secure cookies to localhost too.
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
        self._base = home_of(app)

    async def open(
        self, path: str, *, method: str = "GET", follow_redirects: bool = False, **arguments: Any
    ) -> Response:
        """Send a request; the arguments are those of `QuartClient.open`."""
        response = await self._send(path, method, arguments)
        for _ in range(MAX_REDIRECTS):
            if not (follow_redirects and response.location):
                break
            path = urldefrag(urljoin(path, response.location)).url
            if response.status_code not in {307, 308}:
                method = "HEAD" if method == "HEAD" else "GET"
                arguments = {name: value for name, value in arguments.items() if name not in BODIES}
            arguments.pop("query_string", None)
            response = await self._send(path, method, arguments)
        return response

    async def _send(self, path: str, method: str, arguments: dict[str, Any]) -> Response:
        arguments = self._at_home(path, arguments)
        if method not in {"GET", "HEAD"}:
            arguments["headers"].setdefault("Origin", f"{arguments['scheme']}://{arguments['headers']['Host']}")
        return await super().open(path, method=method, **arguments)

    def request(self, path: str, **arguments: Any) -> TestHTTPConnectionProtocol:
        """Begin a request whose body is sent in parts."""
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


@pytest_asyncio.fixture
async def client(app: Quart) -> AsyncIterator[Browser]:
    """Return a browser without cookies.

    At the end, it waits for background tasks, and closes the application's connections.
    """
    yield Browser(app)
    await asyncio.gather(*app.background_tasks)
    await services_of(app).database.close()
