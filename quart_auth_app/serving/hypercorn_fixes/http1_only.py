"""hypercorn speaks HTTP/1.1 to us: its time limits don't hold for the protocols that a client may change to (0.18).

Without this, a connection that asks for HTTP/2 without TLS, or for a WebSocket, can be held open for ever.
"""

import h11
import hypercorn.protocol
from hypercorn.events import RawData
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.typing import H11SendableEvent
from quart import Quart


class Http1Only(H11Protocol):
    """Takes no upgrade, neither to HTTP/2 nor to a WebSocket, and sends an answer's head together with its body."""

    _head = b""

    async def _check_protocol(self, event: h11.Request) -> None: ...

    async def _create_stream(self, request: h11.Request) -> None:
        headers = request.headers.raw_items()
        kept = [(name, value) for name, value in headers if name.lower() != b"upgrade"]
        if len(kept) != len(headers):
            request = h11.Request(
                method=request.method, target=request.target, headers=kept, http_version=request.http_version
            )
        await super()._create_stream(request)

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        try:
            data = self.connection.send(event)
        except h11.LocalProtocolError:
            if self.connection.their_state != h11.ERROR:
                raise
            return
        if isinstance(event, h11.Response):
            # A packet and a system call of its own would make a page take five per cent longer. What follows is the
            # first part of the body, or the end; ASGI lets a server wait for that.
            self._head = data
        elif self._head or data:
            head, self._head = self._head, b""
            await self.send(RawData(head + data))


def insist(app: Quart) -> None:
    """Put it in place of hypercorn's own, in the process that serves; not where the application has WebSockets."""
    if not any(rule.websocket for rule in app.url_map.iter_rules()):
        hypercorn.protocol.H11Protocol = Http1Only  # type: ignore[attr-defined]  # hypercorn has no setting for it
