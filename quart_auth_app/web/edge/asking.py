"""What is being answered: a request or a WebSocket. Both have headers, cookies, a path and a scope."""

from collections.abc import Iterable

from quart import current_app, has_websocket_context, request, websocket
from quart.wrappers.base import BaseRequestWebsocket

AHEAD = ("Sec-Purpose", "Purpose", "X-Moz", "X-Purpose")
"""Headers of a browser that fetches a page before the person has asked for it: the standard's, and older ones."""


def asking() -> BaseRequestWebsocket:
    """Return the request or the WebSocket that is being answered."""
    return websocket if has_websocket_context() else request


JSON = "application/json"
PROBLEM = "application/problem+json"
"""What an error in JSON is (RFC 9457)."""


def wants_json() -> bool:
    """Tell whether the answer is to be JSON: the client prefers it, or all of the site's answers at this path are."""
    paths: str | Iterable[str] = current_app.config.get("JSON_PATHS", ())
    if asking().path.startswith((paths,) if isinstance(paths, str) else tuple(paths)):
        return True
    # HTML stands first: it is what a client gets that takes anything.
    return asking().accept_mimetypes.best_match(["text/html", JSON, PROBLEM]) in {JSON, PROBLEM}


def is_reading_ahead() -> bool:
    """Tell whether nobody may see the answer: a HEAD request, or a browser that prefetches."""
    return asking().method == "HEAD" or any(name in asking().headers for name in AHEAD)
