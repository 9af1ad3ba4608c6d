"""The outermost layer: every request and every response passes through it, whatever fails inside."""

import logging
import secrets
import time
from collections.abc import Mapping, Set
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, ASGISendEvent, HTTPScope, Scope, WebsocketScope
from quart import Quart, request
from quart.typing import ResponseTypes
from werkzeug.exceptions import BadRequest

from quart_auth_app.accounts import limits
from quart_auth_app.web.edge import bodies, dates
from quart_auth_app.web.edge.asking import key_in
from quart_auth_app.web.edge.client import address_in
from quart_auth_app.web.edge.headers import Headers, completed, for_every_response
from quart_auth_app.web.edge.same_origin import SAFE_METHODS
from quart_auth_app.web.edge.turns import NoTurn, Turns
from quart_auth_app.web.services import Services
from quart_auth_app.web.telemetry import logs

FRAMING = {b"content-length", b"transfer-encoding"}
"""Headers that each define where a message ends; with both the end is ambiguous."""

_access = logging.getLogger(f"{logs.LOGGER}.access")
_errors = logging.getLogger(f"{logs.LOGGER}.errors")


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
            _name(scope, services)
            try:
                _check(scope)
            except BadRequest:
                await _refuse(scope, send)
                return
        await inner(scope, receive, send)

    app.asgi_app = say_who_asks  # type: ignore[method-assign]  # Quart's own way to wrap itself

    @app.after_request
    async def add_headers(response: ResponseTypes) -> ResponseTypes:
        if not blueprints.isdisjoint(request.blueprints):
            for name, value in for_every_response(services.settings):
                response.headers.setdefault(name.decode(), value.decode())
        return response


def _name(scope: HTTPScope | WebsocketScope, services: Services) -> tuple[str, str]:
    """Store the request's id and the client's address in the scope. Returns both.

    If an access key is sent, it alone says who the user is: the cookies are removed. Odd dates are replaced.
    """
    sent = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
    if sent and key_in(sent) is not None:
        scope["headers"] = [each for each in scope["headers"] if each[0] != b"cookie"]
    dates.replace_odd(scope)
    request_id, address = secrets.token_hex(8), address_in(scope, services.settings.proxy_hops)
    scope.update(request_id=request_id, client_address=address)  # type: ignore[call-arg]  # keys of our own
    return request_id, address


def log_unreadable(services: Services, status: int, *, client: tuple[str, int] | None) -> Headers:
    """Write the access log's line for a request that the server could not parse, and return the answer's headers."""
    request_id, address = secrets.token_hex(8), client[0] if client else ""
    if services.metrics:
        services.metrics.request("", "none", status, 0.0)
    logs.write(_access, method="", path="", status=status, milliseconds=0.0, address=address, request_id=request_id)
    return [*for_every_response(services.settings), (b"vary", b"Cookie"), (b"x-request-id", request_id.encode())]


async def _store_route() -> None:
    if request.url_rule:
        request.scope["route"] = request.url_rule.rule  # type: ignore[typeddict-unknown-key]  # a key of our own


class Edge:
    """Stores client and scheme in the scope, adds headers, answers uncaught errors, and writes the access log.

    The scheme is PUBLIC_URL's, as a proxy in front may terminate TLS; X-Forwarded-Proto is ignored, as clients may send
    it. The access log has neither query strings nor Referer: both may contain secrets.
    """

    def __init__(self, app: Any, services: Services, config: Mapping[str, Any]) -> None:
        self._app = app
        self._config = config
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
        method = scope["method"] if scope["type"] == "http" else "GET"  # a WebSocket starts as a GET
        headers = [*self._headers, (b"x-request-id", request_id.encode())]
        if method in SAFE_METHODS:
            status = await self._serve(scope, receive, send, headers)
        else:
            status = await self._serve_in_turn(scope, receive, send, headers, network=limits.network(address))
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
            return await _send_plain(send, HTTPStatus.REQUEST_TIMEOUT, closing)
        try:
            async with self._turns.turn(network):
                status = await self._serve(scope, receive, send, headers)
                # On a Unix socket there is no address, and so all clients would share one limit.
                if network and (status >= HTTPStatus.BAD_REQUEST or "refused" in scope):
                    self._turns.count_refused(network)
                return status
        except NoTurn:
            return await _send_plain(send, HTTPStatus.TOO_MANY_REQUESTS, [(b"retry-after", b"60"), *closing])

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
            if scope["type"] == "http" and dict(scope["headers"]).keys() >= FRAMING:
                # RFC 9112, 6.1: this may be request smuggling. h11 uses Transfer-Encoding, and keeps the connection
                # (its issue 90).
                await _send_plain(send_with_headers, HTTPStatus.BAD_REQUEST, [(b"connection", b"close")])
            else:
                _check(scope)
                await self._app(scope, receive, send_with_headers)
        except BadRequest:
            status = await _refuse(scope, send_with_headers)
        except Exception:
            _errors.exception("unhandled error")
            if status or scope["type"] != "http":
                raise
            await _send_plain(send_with_headers, HTTPStatus.INTERNAL_SERVER_ERROR, [])
        return status


def _check(scope: HTTPScope | WebsocketScope) -> None:
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


async def _refuse(scope: HTTPScope | WebsocketScope, send: ASGISendCallable) -> int:
    """Answer 400, not as a page: without a usable target and Host, Quart makes no URLs. Returns the status."""
    if scope["type"] == "http":
        return await _send_plain(send, HTTPStatus.BAD_REQUEST, [])
    await send({"type": "websocket.close", "code": 1002, "reason": None})
    return HTTPStatus.FORBIDDEN


async def _send_plain(send: ASGISendCallable, status: int, headers: Headers) -> int:
    body = HTTPStatus(status).phrase.encode()
    own = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    headers = completed(own, headers)
    await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": body, "more_body": False})
    return status
