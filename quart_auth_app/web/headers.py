"""Response headers: on every response, whatever made it."""

import logging
import secrets
from typing import Any

from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, ASGISendEvent, Scope
from quart import Quart

from quart_auth_app.settings import Settings

log = logging.getLogger(__name__)

Headers = list[tuple[bytes, bytes]]

HEADERS = {
    # A page belongs to who asked for it: no proxy keeps it, and Back after log-out doesn't show it. Static files, and
    # whoever knows better, say otherwise by a Cache-Control of their own.
    "Cache-Control": "no-store",
    # Nothing but our own styles and pictures, no scripts at all, forms sent to us only, no framing.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Not no-referrer: with that, browsers send `Origin: null` with our own forms too.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
HSTS = "max-age=63072000; includeSubDomains"
"""Two years; ASVS 3.4.1 asks for one, on subdomains too."""


class Edge:
    """The outermost layer: fixed headers out, the public scheme in, and an answer even to what nothing else caught.

    The scheme is PUBLIC_URL's, as a proxy in front may end TLS. X-Forwarded-Proto, which a client may write, isn't
    asked.
    """

    def __init__(self, app: Any, settings: Settings) -> None:
        self._app = app
        self._https = settings.https
        headers = HEADERS | ({"Strict-Transport-Security": HSTS} if settings.https else {})
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._https:
            scope["scheme"] = "https"
        scope["request_id"] = request_id = secrets.token_hex(8)  # type: ignore[typeddict-unknown-key]  # our own
        headers = [*self._headers, (b"x-request-id", request_id.encode())]
        started = False

        async def send_with_headers(event: ASGISendEvent) -> None:
            nonlocal started
            if event["type"] == "http.response.start":
                started = True
                event["headers"] = _completed(list(event["headers"]), headers)
            await send(event)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            log.exception("unhandled error")
            if started:
                raise
            await _send_plain_500(send_with_headers)


def _completed(own: Headers, ours: Headers) -> Headers:
    names = {name.lower() for name, _ in own}
    added = [(name, value) for name, value in ours if name not in names]
    if not names & {b"cache-control", b"vary"}:
        added.append((b"vary", b"Cookie"))
    return own + added


async def _send_plain_500(send: ASGISendCallable) -> None:
    body = b"Internal Server Error"
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 500, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def init_app(app: Quart, settings: Settings) -> None:
    """Put the headers on everything that the application answers."""
    app.asgi_app = Edge(app.asgi_app, settings)  # type: ignore[method-assign]  # Quart's own way to wrap itself
