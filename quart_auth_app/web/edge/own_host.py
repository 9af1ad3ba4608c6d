"""Refuses requests for another host than PUBLIC_URL's, before any page is made for them.

Otherwise anybody could point a domain of their own to this server, and our pages would appear there: browsers would
store cookies and passwords for that domain, and a cache in front could store a page that was made for it.
"""

from collections.abc import Iterator, Set
from urllib.parse import urlsplit

from quart import Quart
from quart.wrappers.base import BaseRequestWebsocket
from werkzeug.exceptions import BadRequest

from quart_auth_app import origins
from quart_auth_app.web.edge import hooks
from quart_auth_app.web.services import services, services_of
from quart_auth_app.web.telemetry import security_log

ANOTHER_HOST = "This site is at another address."

NAMELESS = {"health.healthz", "health.readyz"}
"""Endpoints that probes call by IP address. They reveal nothing and set no cookies."""

NO_HOST = frozenset("@/?#\\")
"""Characters that end the host in a URL, or the user before it: a Host with one of them would name another host."""

MAX_LOGGED = 200
"""Longest host that a log line repeats, in characters."""


def init_app(app: Quart) -> None:
    """Check every request and every WebSocket, if PUBLIC_URL is set."""
    if services_of(app).settings.public_url:
        hooks.before_request(app, _refuse_other_hosts)
        hooks.before_websocket(app, _refuse_other_hosts)


def join(app: Quart, *, blueprints: Set[str]) -> None:
    """In another application, check requests for our blueprints only: its own routes may have other hosts."""

    async def look(asked: BaseRequestWebsocket) -> None:
        if not blueprints.isdisjoint(asked.blueprints):
            await _refuse_other_hosts(asked)

    hooks.before_request(app, look)
    hooks.before_websocket(app, look)


async def _refuse_other_hosts(asked: BaseRequestWebsocket) -> None:
    public_url = services().settings.public_url
    if not public_url or asked.endpoint in NAMELESS:
        return
    for host in _asked_for(asked):
        if not _is_ours(host, public_url):
            security_log.write("host_refused", host=host[:MAX_LOGGED])
            raise BadRequest(ANOTHER_HOST)


def _asked_for(asked: BaseRequestWebsocket) -> Iterator[str]:
    yield asked.headers.get("Host", "")
    target = asked.scope["path"]
    if not target.startswith("/") and target != "*":
        # RFC 9112, 3.2.2: of a whole address, as a proxy is sent, this is the host, whatever the header says.
        yield target.partition("://")[2].partition("/")[0]


def _is_ours(host: str, public_url: str) -> bool:
    # Ignore ports: a proxy in front may leave them out, or send its own.
    named = origins.origin(f"http://{host}") if NO_HOST.isdisjoint(host) else None
    if not named:
        return False
    return urlsplit(named).hostname == urlsplit(public_url).hostname or origins.is_trustworthy(named)
