"""At its end hypercorn waits for all connections without a limit, before its graceful_timeout begins.

Seen in 0.18.0 on Python 3.12 and newer, where asyncio's `Server.wait_closed` waits; on 3.11 it waits for nothing.
https://github.com/pgjones/hypercorn/issues/308
"""

import asyncio
import sys

from quart_auth_app.serving.hypercorn_fixes import serves_this_process
from quart_auth_app.third_party import is_for

VERSIONS = ("0.18.0",)


def fix() -> None:
    """Let hypercorn skip that wait. Call this in its event loop."""
    if sys.version_info >= (3, 12) and serves_this_process() and is_for("hypercorn", "the end in time", VERSIONS):
        asyncio.Server.wait_closed = _wait_for_nothing  # type: ignore[assignment, method-assign]  # patched: see above


async def _wait_for_nothing(_server: asyncio.Server) -> None: ...
