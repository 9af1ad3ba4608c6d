"""The outermost layer: every request and every response passes through it, whatever fails inside."""

import time
from collections.abc import Mapping, Set
from http import HTTPStatus
from typing import Any

from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope, WebsocketScope
from quart import Quart, request
from quart.typing import ResponseTypes
from werkzeug.exceptions import BadRequest

from quart_auth_app.accounts.throttling import limits
from quart_auth_app.web.edge import access_log, bodies, scopes, unusable
from quart_auth_app.web.edge.answering import serve
from quart_auth_app.web.edge.headers import Headers, for_every_response
from quart_auth_app.web.edge.plain_answers import send_plain
from quart_auth_app.web.edge.same_origin import SAFE_METHODS
from quart_auth_app.web.edge.turns import NoTurn, Turns
from quart_auth_app.web.services import Services


def init_app(app: Quart, services: Services) -> None:
    """Wrap the application in this layer."""
    app.asgi_app = Edge(app.asgi_app, services, app.config)  # type: ignore[method-assign]  # Quart's own way to wrap itself
    if services.metrics:
        app.before_request(_store_route)


def join(app: Quart, services: Services, *, blueprints: Set[str]) -> None:
    """In another application: store the client's address, and add our headers to answers of our blueprints only.

    A target or Host that Quart fails at is refused for all of its pages: what it asks for is known by them alone.
    """
    inner: Any = app.asgi_app

    async def say_who_asks(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] in {"http", "websocket"}:
            scopes.prepare(scope, services)
            try:
                unusable.check(scope)
            except BadRequest:
                await unusable.refuse(scope, send)
                return
        await inner(scope, receive, send)

    app.asgi_app = say_who_asks  # type: ignore[method-assign]  # Quart's own way to wrap itself

    @app.after_request
    async def add_headers(response: ResponseTypes) -> ResponseTypes:
        if not blueprints.isdisjoint(request.blueprints):
            for name, value in for_every_response(services.settings):
                response.headers.setdefault(name.decode(), value.decode())
        return response


async def _store_route() -> None:
    if request.url_rule:
        request.scope["route"] = request.url_rule.rule  # type: ignore[typeddict-unknown-key]  # a key of our own


class Edge:
    """Stores client and scheme in the scope, adds headers, answers uncaught errors, and writes the access log.

    The scheme is PUBLIC_URL's, as a proxy in front may terminate TLS; X-Forwarded-Proto is ignored, as clients may send
    it.
    """

    def __init__(self, app: Any, services: Services, config: Mapping[str, Any]) -> None:
        self._app = app
        self._config = config
        self._services = services
        self._settings = services.settings
        self._sender = services.sender
        self._headers = for_every_response(services.settings)
        self._turns = Turns()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve one request."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id, address = scopes.prepare(scope, self._services)
        if self._settings.https:
            scope["scheme"] = "https" if scope["type"] == "http" else "wss"
        method = scope["method"] if scope["type"] == "http" else "GET"  # a WebSocket starts as a GET
        headers = [*self._headers, (b"x-request-id", request_id.encode())]
        if method in SAFE_METHODS:
            status = await serve(self._app, scope, receive, send, headers)
        else:
            status = await self._serve_in_turn(scope, receive, send, headers, network=limits.network(address))
        access_log.write(
            self._services,
            method=method,
            path=scope["path"],
            route=str(scope.get("route", "none")),
            status=status,
            seconds=time.perf_counter() - started,
            address=address,
            request_id=request_id,
        )
        if self._sender and method not in SAFE_METHODS:
            await self._sender.after_response()

    async def _serve_in_turn(
        self,
        scope: HTTPScope | WebsocketScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
        headers: Headers,
        *,
        network: str,
    ) -> int:
        closing = [(b"connection", b"close"), *headers]
        try:
            receive = await bodies.arrived(scope, receive, within=self._config["BODY_TIMEOUT"])
        except TimeoutError:
            return await send_plain(send, HTTPStatus.REQUEST_TIMEOUT, closing)
        try:
            async with self._turns.turn(network):
                status = await serve(self._app, scope, receive, send, headers)
                # On a Unix socket there is no address, and so all clients would share one limit.
                if network and (status >= HTTPStatus.BAD_REQUEST or "refused" in scope):
                    self._turns.count_refused(network)
                return status
        except NoTurn:
            return await send_plain(send, HTTPStatus.TOO_MANY_REQUESTS, [(b"retry-after", b"60"), *closing])
