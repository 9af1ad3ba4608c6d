"""Refuses cross-site requests, by the headers in which browsers say where a request comes from.

Forms need no CSRF tokens: all browsers send Sec-Fetch-Site since 2023, and Origin with each POST since long before.
A client that sends neither is no browser, so it has no victim's cookies.
"""

from collections.abc import Set

from quart import Quart, has_websocket_context
from quart.wrappers.base import BaseRequestWebsocket
from werkzeug.exceptions import Forbidden

from quart_auth_app import origins
from quart_auth_app.web.edge import hooks
from quart_auth_app.web.edge.asking import asking, is_reading_ahead
from quart_auth_app.web.services import services
from quart_auth_app.web.telemetry import security_log

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
"""Methods that change nothing. A GET that does change something, such as /logout, checks `is_deliberate`."""

OWN = {"same-origin", "none"}
"""Values of Sec-Fetch-Site for our own pages, and for the address bar and bookmarks."""


ANOTHER_SITE = "This request came from another site, so it was not carried out."

MAX_LOGGED = 200
"""Longest header value that a log line repeats, in characters."""


def init_app(app: Quart) -> None:
    """Check every request and every WebSocket before any other hook."""
    hooks.before_request(app, _refuse_cross_site)
    hooks.before_websocket(app, _refuse_cross_site)


def join(app: Quart, *, blueprints: Set[str], cookie: str) -> None:
    """In another application, check requests for our blueprints, and all requests with the log-in cookie.

    Its other routes may be meant for other sites, a webhook for example.
    """

    async def look(asked: BaseRequestWebsocket) -> None:
        if cookie in asked.cookies or not blueprints.isdisjoint(asked.blueprints):
            await _refuse_cross_site(asked)

    hooks.before_request(app, look)
    hooks.before_websocket(app, look)


async def _refuse_cross_site(asked: BaseRequestWebsocket) -> None:
    # A WebSocket starts as a GET, but another site may open it with the visitor's cookies, and then read and write.
    changes_something = has_websocket_context() or asked.method not in SAFE_METHODS
    if changes_something and not _is_from_here():
        security_log.write(
            "cross_site_refused",
            origin=_received("Origin"),
            sec_fetch_site=_received("Sec-Fetch-Site"),
            expected_origin=own_origin(),
        )
        raise Forbidden(ANOTHER_SITE)


def _received(name: str) -> str:
    return ", ".join(asking().headers.getlist(name))[:MAX_LOGGED]


def _is_from_here() -> bool:
    sites = asking().headers.getlist("Sec-Fetch-Site")
    if sites:
        return OWN.issuperset(sites)
    return all(received.lower() == own_origin() for received in asking().headers.getlist("Origin"))


def own_origin() -> str:
    """Return the origin of our own pages: PUBLIC_URL, or if it is not set, the one of this request."""
    if public_url := services().settings.public_url:
        return public_url
    asked = asking()
    scheme = asked.scheme.replace("ws", "http")
    return origins.origin(f"{scheme}://{asked.host}") or ""


def is_deliberate() -> bool:
    """Tell whether the person asked for this GET: it comes neither from another site nor from a prefetch."""
    return not is_reading_ahead() and (_came_from_here() if _has_no_site() else _is_from_here())


def _has_no_site() -> bool:
    return "Sec-Fetch-Site" not in asking().headers


def _came_from_here() -> bool:
    # On plain http, browsers send Sec-Fetch-Site to localhost only. So check the Referer, which our pages send.
    referer = asking().headers.get("Referer")
    if referer is None:
        return origins.is_trustworthy(own_origin())
    return origins.origin(referer) == own_origin()
