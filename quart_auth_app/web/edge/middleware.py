"""The outermost layer: what every request and every response passes, whatever else goes wrong."""

import logging
import secrets
import time
from collections.abc import Set
from typing import Any

from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, ASGISendEvent, HTTPScope, Scope, WebsocketScope
from quart import Quart, request
from quart.typing import ResponseTypes

from quart_auth_app.web.edge.client import address_in
from quart_auth_app.web.edge.headers import Headers, completed, for_every_response
from quart_auth_app.web.edge.same_origin import SAFE_METHODS
from quart_auth_app.web.edge.turns import Turns
from quart_auth_app.web.services import Services
from quart_auth_app.web.telemetry import logs

FRAMING = {b"content-length", b"transfer-encoding"}
"""Headers that each say where a message ends; both at once leave that in doubt."""

_access = logging.getLogger(f"{logs.LOGGER}.access")
_errors = logging.getLogger(f"{logs.LOGGER}.errors")


def init_app(app: Quart, services: Services) -> None:
    """Put the layer around the application."""
    app.asgi_app = Edge(app.asgi_app, services)  # type: ignore[method-assign]  # Quart's own way to wrap itself
    if services.metrics:
        app.before_request(_note_route)


def join(app: Quart, services: Services, *, blueprints: Set[str]) -> None:
    """Join another application: say who asks, and add our headers to the answers of our blueprints only."""
    inner: Any = app.asgi_app

    async def say_who_asks(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] in {"http", "websocket"}:
            _name(scope, services)
        await inner(scope, receive, send)

    app.asgi_app = say_who_asks  # type: ignore[method-assign]  # Quart's own way to wrap itself

    @app.after_request
    async def add_headers(response: ResponseTypes) -> ResponseTypes:
        if not blueprints.isdisjoint(request.blueprints):
            for name, value in for_every_response(services.settings):
                response.headers.setdefault(name.decode(), value.decode())
        return response


def _name(scope: HTTPScope | WebsocketScope, services: Services) -> tuple[str, str]:
    """Note the client's address and a number of the request in the scope. Return both."""
    request_id, address = secrets.token_hex(8), address_in(scope, services.settings.proxy_hops)
    scope.update(request_id=request_id, client_address=address)  # type: ignore[call-arg]  # keys of our own
    return request_id, address


async def _note_route() -> None:
    if request.url_rule:
        request.scope["route"] = request.url_rule.rule  # type: ignore[typeddict-unknown-key]  # a key of our own


class Edge:
    """Says who asks and by which scheme, adds the headers, answers what nothing else caught, writes the access log.

    The scheme is PUBLIC_URL's, as a proxy in front may end TLS. X-Forwarded-Proto, which a client may write, isn't
    asked. The access log has neither query strings nor Referer, as both may carry what belongs in no log.
    """

    def __init__(self, app: Any, services: Services) -> None:
        self._app = app
        self._services = services
        self._settings = services.settings
        self._metrics = services.metrics
        self._sender = services.sender
        self._headers = for_every_response(services.settings)
        self._turns = Turns()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve one request."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id, address = _name(scope, self._services)
        if self._settings.https:
            scope["scheme"] = "https" if scope["type"] == "http" else "wss"
        method = scope["method"] if scope["type"] == "http" else "GET"  # a WebSocket begins with a GET
        if method not in SAFE_METHODS:
            await self._turns.take()
        status = await self._serve(scope, receive, send, [*self._headers, (b"x-request-id", request_id.encode())])
        seconds = time.perf_counter() - started
        if self._metrics:
            self._metrics.request(method, str(scope.get("route", "none")), status, seconds)
        logs.write(
            _access,
            method=method,
            path=scope["path"],
            status=status,
            milliseconds=round(1000 * seconds, 1),
            address=address,
            request_id=request_id,
        )
        if self._sender and method not in SAFE_METHODS:
            await self._sender.after_response()

    async def _serve(
        self, scope: HTTPScope | WebsocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable, headers: Headers
    ) -> int:
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
            if scope["type"] == "http" and FRAMING.issubset(name for name, _ in scope["headers"]):
                await _refuse_two_framings(send_with_headers)
            else:
                await self._app(scope, receive, send_with_headers)
        except Exception:
            _errors.exception("unhandled error")
            if status or scope["type"] != "http":
                raise
            await _send_plain_500(send_with_headers)
        return status


async def _refuse_two_framings(send: ASGISendCallable) -> None:
    # RFC 9112, 6.1: request smuggling begins so. h11 believes Transfer-Encoding, and keeps the connection (issue 90).
    headers = [(b"connection", b"close"), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 400, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_plain_500(send: ASGISendCallable) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 500, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": b"Internal Server Error", "more_body": False})
