"""What is being answered: a request or a WebSocket. Both have headers, cookies, a path and a scope."""

from collections.abc import Iterable

from quart import current_app, has_websocket_context, request, websocket
from quart.wrappers.base import BaseRequestWebsocket

from quart_auth_app.accounts.access_keys import PREFIX

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
    # What stands first is what a client gets that takes anything: HTML, unless it has sent JSON or a key.
    is_script = _sends_json() or access_key() is not None
    kinds = [JSON, PROBLEM, "text/html"] if is_script else ["text/html", JSON, PROBLEM]
    # Without Accept nothing matches, and the first stands.
    return asking().accept_mimetypes.best_match(kinds, default=kinds[0]) in {JSON, PROBLEM}


def access_key() -> str | None:
    """Return what was sent as an access key (`Authorization: Bearer …`, RFC 6750); None if it is none of ours."""
    return key_in(asking().headers.getlist("Authorization"))


def key_in(values: Iterable[str]) -> str | None:
    """Return the access key in the values of Authorization; "" where there is more than one value."""
    sent = [text.strip() for scheme, _, text in (each.partition(" ") for each in values) if scheme.lower() == "bearer"]
    if not any(text.startswith(PREFIX) for text in sent):
        return None  # tokens of the site's own are the site's own business
    return sent[0] if len(sent) == 1 else ""


def _sends_json() -> bool:
    return asking().headers.get("Content-Type", "").partition(";")[0].strip().lower() == JSON


def is_reading_ahead() -> bool:
    """Tell whether nobody may see the answer: a HEAD request, or a browser that prefetches."""
    return asking().method == "HEAD" or any(name in asking().headers for name in AHEAD)
