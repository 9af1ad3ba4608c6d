"""Requests that hypercorn itself refuses are answered without our headers and without a line in the access log.

Seen in 0.18.0; not reported. It answers 400, 431 or 501 by itself to invalid HTTP, too many headers, or an unknown
transfer coding.
"""

import h11
import hypercorn.protocol
from hypercorn.protocol.h11 import H11Protocol

from quart_auth_app.third_party import is_for
from quart_auth_app.web.edge import access_log
from quart_auth_app.web.services import Services

VERSIONS = ("0.18.0",)

EMPTY = [(b"content-length", b"0"), (b"connection", b"close")]


def fix(services: Services) -> None:
    """Replace hypercorn's class in the process that serves by one that adds headers and log line."""
    if not is_for("hypercorn", "our headers with its own errors", VERSIONS):
        return
    used: type[H11Protocol] = hypercorn.protocol.H11Protocol  # type: ignore[attr-defined]  # may be endless_upgrades'
    before = getattr(used, "before", used)  # without the class of an application that this process served earlier

    class Answering(before):  # type: ignore[misc, valid-type]  # one of two
        async def _send_error_response(self, status_code: int) -> None:
            ours = access_log.write_unreadable(services, status_code, client=self.client)
            headers = [*EMPTY, *ours, *self.config.response_headers("h11")]
            await self._send_h11_event(h11.Response(status_code=status_code, headers=headers))
            await self._send_h11_event(h11.EndOfMessage())

    Answering.before = before
    hypercorn.protocol.H11Protocol = Answering  # type: ignore[attr-defined]  # hypercorn has no setting for it
