"""Reads the body of a form before the form waits for its turn, so that slow bodies delay nobody else."""

import asyncio
from collections import deque

from hypercorn.typing import ASGIReceiveCallable, ASGIReceiveEvent, HTTPScope, WebsocketScope

MOST = 64 * 1024
"""Bytes of a body that are read ahead; the rest of a longer one is read during its turn."""

FORMS = {b"application/x-www-form-urlencoded", b"multipart/form-data", b"application/json"}
"""Types of bodies that our routes read. They refuse others unread, and a site's own route may want to stream one."""


async def arrived(
    scope: HTTPScope | WebsocketScope, receive: ASGIReceiveCallable, *, within: float | None
) -> ASGIReceiveCallable:
    """Read the body, and return a `receive` that replays it. Raises TimeoutError after `within` seconds."""
    if not _is_worth_waiting_for(scope):
        return receive
    kept, size, more = deque[ASGIReceiveEvent](), 0, True
    async with asyncio.timeout(within):
        while more and size <= MOST:
            event = await receive()
            kept.append(event)
            more = event["type"] == "http.request" and event.get("more_body", False)
            size += len(event["body"]) if event["type"] == "http.request" else 0

    async def again() -> ASGIReceiveEvent:
        return kept.popleft() if kept else await receive()

    return again


def _is_worth_waiting_for(scope: HTTPScope | WebsocketScope) -> bool:
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"")
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    return kind in FORMS and not (length.isdigit() and int(length) > MOST)
