"""A form waits for its turn when it has arrived, so that bodies that take long hold up nobody's."""

import asyncio
from collections import deque

from hypercorn.typing import ASGIReceiveCallable, ASGIReceiveEvent, HTTPScope, WebsocketScope

MOST = 64 * 1024
"""Bytes that are kept of a body; of a longer one the rest arrives while it has its turn."""

FORMS = {b"application/x-www-form-urlencoded", b"multipart/form-data", b"application/json"}
"""What our routes read. Anything else they refuse without it, and a site's own route may want it as it comes."""


async def arrived(
    scope: HTTPScope | WebsocketScope, receive: ASGIReceiveCallable, *, within: float | None
) -> ASGIReceiveCallable:
    """Wait for the body, and return what gives it once more. Raises TimeoutError after so many seconds."""
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
