"""Asking a provider, with little patience: https alone, no redirects, so much time and so many bytes."""

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
"""For one answer, from the first byte of the question to the last of the answer: a person waits."""

MAX_BYTES = 1024 * 1024
"""Of one answer. Discovery documents and sets of keys have some kilobytes."""


class Unreachable(Exception):
    """The provider doesn't answer as it should; the message says what is wrong, without anything secret."""


@dataclass(frozen=True)
class Answer:
    """An answer's status, and its body if that is a JSON object; else there is nothing in it."""

    status: int
    body: Mapping[str, Any]


async def fetch(url: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """Ask for `url` by GET, or by POST where there is a form. Raises Unreachable."""
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
    # A client for each question: there are few, and no connection has to be kept, watched and closed.
    async with httpx2.AsyncClient(verify=_trusted(), timeout=SECONDS, follow_redirects=False) as client:
        # Not compressed: a kilobyte can be a gigabyte then.
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
    # Made once: reading the machine's certificates takes as long as some pages.
    return ssl.create_default_context()


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
