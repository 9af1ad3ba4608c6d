"""Answers that are no page: a status, and its name as plain text."""

from http import HTTPStatus

from hypercorn.typing import ASGISendCallable

from quart_auth_app.web.edge.headers import Headers, completed


async def send_plain(send: ASGISendCallable, status: int, headers: Headers) -> int:
    """Send the status and its name. Returns the status."""
    body = HTTPStatus(status).phrase.encode()
    own = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    headers = completed(own, headers)
    await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": body, "more_body": False})
    return status
