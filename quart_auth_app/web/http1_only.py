"""hypercorn speaks HTTP/1.1 to us: its time limits don't hold for the protocols that a client may change to (0.18).

Without this, a connection that asks for HTTP/2 without TLS, or for a WebSocket, can be held open for ever.
"""

import h11
import hypercorn.protocol
from hypercorn.protocol.h11 import H11Protocol
from quart import Quart


class Http1Only(H11Protocol):
    """Takes no upgrade, neither to HTTP/2 nor to a WebSocket."""

    async def _check_protocol(self, event: h11.Request) -> None: ...

    async def _create_stream(self, request: h11.Request) -> None:
        headers = request.headers.raw_items()
        kept = [(name, value) for name, value in headers if name.lower() != b"upgrade"]
        if len(kept) != len(headers):
            request = h11.Request(
                method=request.method, target=request.target, headers=kept, http_version=request.http_version
            )
        await super()._create_stream(request)


def insist(app: Quart) -> None:
    """Put it in place of hypercorn's own, in the process that serves; not where the application has WebSockets."""
    if not any(rule.websocket for rule in app.url_map.iter_rules()):
        hypercorn.protocol.H11Protocol = Http1Only  # type: ignore[attr-defined]  # hypercorn has no setting for it
