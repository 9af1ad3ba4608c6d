"""Requests to providers, with limits: only https, no redirects, a time limit and a size limit."""

import asyncio
import functools
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from quart_auth_app.settings.providers import is_safe

SECONDS = 5.0
"""Time limit of one request, from its first byte to the last byte of the answer: a person is waiting."""

MAX_BYTES = 1024 * 1024
"""Size limit of one answer. Discovery documents and key sets have a few kilobytes."""


class Unreachable(Exception):
    """The provider doesn't answer as it should; the message says why, and contains no secret."""


@dataclass(frozen=True)
class Answer:
    """An answer's status, and its body if that is a JSON object, otherwise an empty one."""

    status: int
    body: Mapping[str, Any]


async def fetch(url: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """Send a GET to `url`, or a POST if there is a `form`. Raises Unreachable."""
    if not is_safe(url):
        raise Unreachable("it names an address without https")
    try:
        async with asyncio.timeout(SECONDS):
            return await _fetch(url, form, headers or {})
    except TimeoutError:
        raise Unreachable(f"no answer within {SECONDS:g} seconds") from None
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from None


async def _fetch(url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]) -> Answer:
    # A client for each request: requests are few, and no connection has to be kept open, watched and closed.
    async with httpx2.AsyncClient(verify=_trusted(), timeout=SECONDS, follow_redirects=False) as client:
        # No compression: a kilobyte could expand to a gigabyte.
        asked = {"Accept": "application/json", "Accept-Encoding": "identity", **headers}
        method = "GET" if form is None else "POST"
        async with client.stream(method, url, data=form, headers=asked) as response:
            if response.is_redirect:
                raise Unreachable("it answers with a redirect")
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise Unreachable("it answers with compressed data")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise Unreachable(f"it answers with more than {MAX_BYTES} bytes")
            return Answer(response.status_code, _object(bytes(body)))


@functools.cache
def _trusted() -> ssl.SSLContext:
    # Cached: reading the machine's certificates takes as long as several pages.
    return ssl.create_default_context()


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
