"""Requests that reach no page, because Quart can make no URLs for them or could mistake where they end."""

from http import HTTPStatus
from urllib.parse import urlsplit

from hypercorn.typing import ASGISendCallable, HTTPScope, WebsocketScope
from werkzeug.exceptions import BadRequest

from quart_auth_app.web.edge.plain_answers import send_plain

FRAMING = {b"content-length", b"transfer-encoding"}
"""Headers that each define where a message ends; with both the end is ambiguous."""


def is_ambiguous(scope: HTTPScope | WebsocketScope) -> bool:
    """Tell whether the request has two ends.

    RFC 9112, 6.1: this may be request smuggling. h11 uses Transfer-Encoding, and keeps the connection (its issue 90).
    """
    return scope["type"] == "http" and dict(scope["headers"]).keys() >= FRAMING


def check(scope: HTTPScope | WebsocketScope) -> None:
    """Raise BadRequest for a target or Host that Quart would parse without expecting errors."""
    target = scope["path"]  # a path, "*", or a whole address as a proxy is sent it
    if not target:
        raise BadRequest
    try:
        if not target.startswith("/"):
            urlsplit(target)
        for name, value in scope["headers"]:
            if name == b"host":
                value.decode("latin-1").partition(":")[0].encode("idna")  # fails for “a..b”
    except ValueError:
        raise BadRequest from None


async def refuse(scope: HTTPScope | WebsocketScope, send: ASGISendCallable) -> int:
    """Answer 400, not as a page: without a usable target and Host, Quart makes no URLs. Returns the status."""
    if scope["type"] == "http":
        return await send_plain(send, HTTPStatus.BAD_REQUEST, [])
    await send({"type": "websocket.close", "code": 1002, "reason": None})
    return HTTPStatus.FORBIDDEN
