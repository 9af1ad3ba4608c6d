"""What is being answered: a request or a WebSocket. Both have headers, cookies, a path and a scope."""

from quart import has_websocket_context, request, websocket
from quart.wrappers.base import BaseRequestWebsocket

AHEAD = ("Sec-Purpose", "Purpose", "X-Moz", "X-Purpose")
"""Headers of a browser that fetches a page before the person has asked for it: the standard's, and older ones."""


def asking() -> BaseRequestWebsocket:
    """Return the request or the WebSocket that is being answered."""
    return websocket if has_websocket_context() else request


def is_reading_ahead() -> bool:
    """Tell whether nobody may see the answer: a HEAD request, or a browser that prefetches."""
    return asking().method == "HEAD" or any(name in asking().headers for name in AHEAD)
