"""The current request or WebSocket. Both have headers, cookies, a path and a scope."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from quart import current_app, has_websocket_context, request, websocket
from quart.wrappers.base import BaseRequestWebsocket
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from quart_auth_app.accounts.access_keys import PREFIX

AHEAD = ("Sec-Purpose", "Purpose", "X-Moz", "X-Purpose")
"""Headers of a prefetch, which comes before the person has asked for the page: the standard's, and older ones."""


def asking() -> BaseRequestWebsocket:
    """Return the request or the WebSocket that is being answered."""
    proxy: Any = websocket if has_websocket_context() else request
    found: BaseRequestWebsocket = proxy._get_current_object()  # the object itself: each use of a proxy looks it up
    return found


MAX_KEPT = 256
"""Longest Accept whose meaning is kept, in characters; browsers send up to about 150."""

MAX_ACCEPT = 500
"""Characters of Accept that are read. The longest header would take 25 ms each time."""

JSON = "application/json"
PROBLEM = "application/problem+json"
"""The content type of an error in JSON (RFC 9457)."""


def wants_json(asked: BaseRequestWebsocket | None = None) -> bool:
    """Tell whether to answer in JSON: the client prefers it, or the path is one of the site's JSON_PATHS."""
    asked = asked or asking()
    scope: Any = asked.scope  # with a key of our own: several hooks ask for each request
    if "wants_json" not in scope:
        scope["wants_json"] = _wants_json(asked)
    found: bool = scope["wants_json"]
    return found


def _wants_json(asked: BaseRequestWebsocket) -> bool:
    paths: str | Iterable[str] = current_app.config.get("JSON_PATHS", ())
    if asked.path.startswith((paths,) if isinstance(paths, str) else tuple(paths)):
        return True
    kind = (_sent(asked, b"content-type") or [""])[0].partition(";")[0].strip().lower()
    is_script = kind == JSON or key_of(asked) is not None
    accept = ",".join(_sent(asked, b"accept"))[:MAX_ACCEPT]
    prefers_json = _prefers_json if len(accept) <= MAX_KEPT else _prefers_json.__wrapped__
    return prefers_json(accept, is_script=is_script)


def _sent(asked: BaseRequestWebsocket, name: bytes) -> list[str]:
    # Not asked.headers.getlist, which makes a copy of each header's name to compare it.
    return [value.decode("latin-1") for each, value in asked.scope["headers"] if each == name]


@lru_cache(maxsize=500)  # browsers send a few different values
def _prefers_json(accept: str, *, is_script: bool) -> bool:
    # A client that accepts anything gets the first type: HTML, unless it has sent JSON or a key.
    kinds = [JSON, PROBLEM, "text/html"] if is_script else ["text/html", JSON, PROBLEM]
    # Without an Accept header nothing matches, and the first type is the default.
    return parse_accept_header(accept, MIMEAccept).best_match(kinds, default=kinds[0]) in {JSON, PROBLEM}


def access_key() -> str | None:
    """Return the access key that was sent (`Authorization: Bearer …`, RFC 6750); None if there is none of ours."""
    return key_of(asking())


def key_of(asked: BaseRequestWebsocket) -> str | None:
    """Return the access key that was sent with this request or WebSocket."""
    return key_in(_sent(asked, b"authorization"))


def key_in(values: Iterable[str]) -> str | None:
    """Return the access key in the values of Authorization; "" if there are several, which makes none of them count."""
    sent = [text.strip() for scheme, _, text in (each.partition(" ") for each in values) if scheme.lower() == "bearer"]
    if not any(text.startswith(PREFIX) for text in sent):
        return None  # bearer tokens of the site itself: not ours to check
    return sent[0] if len(sent) == 1 else ""


def is_reading_ahead() -> bool:
    """Tell whether perhaps nobody sees the answer: a HEAD request, or a prefetch."""
    return asking().method == "HEAD" or any(name in asking().headers for name in AHEAD)
