"""The least that an ASGI application can do: what hypercorn itself costs."""

from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope

BODY = b"<!DOCTYPE html><title>Nothing</title>"
HEADERS = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", str(len(BODY)).encode())]


async def app(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answer every request with the same few bytes."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS, "trailers": False})
        await send({"type": "http.response.body", "body": BODY, "more_body": False})
    elif scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
