"""Open WebSockets: each closes when the session that opened it has ended."""

import asyncio
from contextlib import suppress
from typing import Any, cast

from quart import Quart, Websocket, g, websocket

from quart_auth_app import clock
from quart_auth_app.accounts import sessions
from quart_auth_app.database.errors import DatabaseAway
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.services import services

WATCH_EVERY = 60
"""Seconds between two look-ups of an open WebSocket's session."""

POLICY_VIOLATION = 1008
"""The code that a WebSocket is closed with when its session has ended (RFC 6455, 7.4.1)."""


def init_app(app: Quart) -> None:
    """Watch the session of each WebSocket."""
    app.before_websocket(_watch)
    app.teardown_websocket(_stop_watching)


async def _watch() -> None:
    # A WebSocket may stay open for days. It must close when its session ends: by log-out, a new password, or time.
    if await current_user.is_authenticated and isinstance(token := current_user.auth_id, str):
        socket = cast(Any, websocket)._get_current_object()
        g.watch = asyncio.ensure_future(_close_with_session(socket, services().database, token))


async def _close_with_session(socket: Websocket, database: Database, token: str) -> None:
    while True:
        await asyncio.sleep(WATCH_EVERY)
        with suppress(DatabaseAway):
            if not await sessions.by_token(database.look_up, token=token, now=clock.now()):
                await socket.close(POLICY_VIOLATION)
                return


async def _stop_watching(_error: BaseException | None) -> None:
    if "watch" in g:
        g.watch.cancel()
