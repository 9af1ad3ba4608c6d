"""Cross-site requests are refused here, by what the browser says of where they come from.

No tokens in forms: all browsers send Sec-Fetch-Site since 2023, and Origin with each POST since long before. What sends
neither is no browser, and has nobody's cookies.
"""

from collections.abc import Set

from quart import Quart, has_websocket_context
from werkzeug.exceptions import Forbidden

from quart_auth_app import origins
from quart_auth_app.web.edge.asking import asking, is_reading_ahead
from quart_auth_app.web.services import services
from quart_auth_app.web.telemetry import security_log

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
"""They change nothing; a GET that does, as /logout, asks `is_deliberate`."""

OWN = {"same-origin", "none"}
"""Sec-Fetch-Site of our own pages, and of the address bar and bookmarks."""


ANOTHER_SITE = "This request came from another site, so it was not carried out."

MAX_LOGGED = 200
"""Characters of the longest header value that a log line repeats."""


def init_app(app: Quart) -> None:
    """Look at every request and every WebSocket before anything else does."""
    app.before_request(_refuse_cross_site)
    app.before_websocket(_refuse_cross_site)


def join(app: Quart, *, blueprints: Set[str], cookie: str) -> None:
    """In another application, look at what our blueprints are asked, and at what comes with the log-in cookie.

    Its other routes may be there for other sites, a webhook for example.
    """

    async def look() -> None:
        if cookie in asking().cookies or not blueprints.isdisjoint(asking().blueprints):
            await _refuse_cross_site()

    app.before_request(look)
    app.before_websocket(look)


async def _refuse_cross_site() -> None:
    # A WebSocket begins with a GET, but other sites may open it with the visitor's cookies, and then read and write.
    changes_something = has_websocket_context() or asking().method not in SAFE_METHODS
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
    """Return the origin of our own pages: PUBLIC_URL, or where it is not set the one that this request names."""
    scheme = asking().scheme.replace("ws", "http")
    return services().settings.public_url or origins.origin(f"{scheme}://{asking().host}") or ""


def is_deliberate() -> bool:
    """Tell whether a GET was asked for by the person: not by another site, nor by a browser that reads ahead."""
    return not is_reading_ahead() and (_came_from_here() if _has_no_site() else _is_from_here())


def _has_no_site() -> bool:
    return "Sec-Fetch-Site" not in asking().headers


def _came_from_here() -> bool:
    # On plain http, browsers send Sec-Fetch-Site to localhost only. The Referer is left to tell; our pages send it.
    referer = asking().headers.get("Referer")
    if referer is None:
        return origins.is_trustworthy(own_origin())
    return origins.origin(referer) == own_origin()
