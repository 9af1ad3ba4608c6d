"""A small HTTP client: its own cost is low and known, and it measures from the time at which a request was due."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

PATIENCE = 6.0
"""Seconds that a person waits; an answer that comes later counts as no answer."""

NO_ANSWER = 0


@dataclass(frozen=True)
class Answer:
    """What the server answered; the status is NO_ANSWER if it did not."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    seconds: float

    def header(self, name: str) -> str:
        """Return the value of the first header of this name (in lower case), or an empty text."""
        return next((value for each, value in self.headers if each == name), "")

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that were set, without their attributes."""
        pairs = (value.partition(";")[0].partition("=") for name, value in self.headers if name == "set-cookie")
        return {name: value for name, _, value in pairs if value}


def cookie_header(cookies: Mapping[str, str]) -> dict[str, str]:
    """Return the request header that carries these cookies."""
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}


def request(
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    connection: Literal["close", "keep-alive"] = "close",
) -> bytes:
    """Return the bytes of a request as a browser sends it from a page of the site: a POST if there is a form."""
    body = urlencode(form).encode() if form is not None else b""
    lines = [f"{'GET' if form is None else 'POST'} {path} HTTP/1.1", "Host: localhost", f"Connection: {connection}"]
    lines += ["Accept: text/html", "User-Agent: bench", "Sec-Fetch-Site: same-origin"]
    if form is not None:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def fetch(port: int, message: bytes, *, since: float | None = None, patience: float | None = PATIENCE) -> Answer:
    """Send `message` on a new connection. The time counts from `since` (by time.perf_counter), by default from now."""
    start = time.perf_counter() if since is None else since
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(message)
                status, headers, body = await read_answer(reader)
            finally:
                writer.close()
    except (OSError, EOFError, TimeoutError):
        return Answer(NO_ANSWER, (), b"", time.perf_counter() - start)
    return Answer(status, headers, body, time.perf_counter() - start)


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    """Read one answer and nothing after it. Raises EOFError (IncompleteReadError) if it is cut off."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
    status = int(first.split()[1])
    split = (line.partition(":") for line in lines)
    headers = tuple((name.strip().lower(), value.strip()) for name, _, value in split)
    length = next((value for name, value in headers if name == "content-length"), None)
    if length is not None:
        body = await reader.readexactly(int(length))
    else:
        body = b"" if status in {204, 304} else await reader.read()
    return status, headers, body
