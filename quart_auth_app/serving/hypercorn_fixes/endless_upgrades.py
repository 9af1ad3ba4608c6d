"""hypercorn's time limits don't apply to protocols that a client upgrades to.

Seen in 0.18.0; not reported. Without this, a client can hold a connection open for ever after an upgrade to HTTP/2
without TLS, or to a WebSocket: `python -m attacks --only trickle` does it.
"""

import h11
import hypercorn.protocol
from hypercorn.protocol.h11 import H11Protocol
from quart import Quart

from quart_auth_app.third_party import is_for

VERSIONS = ("0.18.0",)


class Http1Only(H11Protocol):
    """Ignores upgrades, to HTTP/2 and to WebSockets."""

    async def _check_protocol(self, event: h11.Request) -> None: ...

    async def _create_stream(self, request: h11.Request) -> None:
        headers = request.headers.raw_items()
        kept = [(name, value) for name, value in headers if name.lower() != b"upgrade"]
        if len(kept) != len(headers):
            request = h11.Request(
                method=request.method, target=request.target, headers=kept, http_version=request.http_version
            )
        await super()._create_stream(request)


def fix(app: Quart) -> None:
    """Replace hypercorn's class in the process that serves, unless the application has WebSockets."""
    if not any(rule.websocket for rule in app.url_map.iter_rules()) and is_for("hypercorn", "HTTP/1.1 only", VERSIONS):
        hypercorn.protocol.H11Protocol = Http1Only  # type: ignore[attr-defined]  # hypercorn has no setting for it
