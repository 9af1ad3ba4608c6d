"""Serves one request so that it gets an answer with our headers, whatever fails inside."""

import logging
from http import HTTPStatus
from typing import Any

from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, ASGISendEvent, HTTPScope, WebsocketScope
from werkzeug.exceptions import BadRequest

from quart_auth_app.web.edge import unusable
from quart_auth_app.web.edge.headers import Headers, completed
from quart_auth_app.web.edge.plain_answers import send_plain
from quart_auth_app.web.telemetry import logs

_errors = logging.getLogger(f"{logs.LOGGER}.errors")


async def serve(
    app: Any,
    scope: HTTPScope | WebsocketScope,
    receive: ASGIReceiveCallable,
    send: ASGISendCallable,
    headers: Headers,
) -> int:
    """Let the application answer, and add the headers. Returns the answer's status.

    Requests that reach no page, and errors that nothing has caught, are answered here.
    """
    status = 0

    async def send_with_headers(event: ASGISendEvent) -> None:
        nonlocal status
        if event["type"] == "websocket.accept":
            status = 101
        elif event["type"] in {"http.response.start", "websocket.http.response.start"}:
            status = event["status"]
            event["headers"] = completed(list(event["headers"]), headers)
        await send(event)

    try:
        if unusable.is_ambiguous(scope):
            await send_plain(send_with_headers, HTTPStatus.BAD_REQUEST, [(b"connection", b"close")])
        else:
            unusable.check(scope)
            await app(scope, receive, send_with_headers)
    except BadRequest:
        status = await unusable.refuse(scope, send_with_headers)
    except Exception:
        _errors.exception("unhandled error")
        if status or scope["type"] != "http":
            raise
        await send_plain(send_with_headers, HTTPStatus.INTERNAL_SERVER_ERROR, [])
    return status
