"""Dates in headers of requests."""

from collections.abc import Iterable
from contextlib import suppress
from email.utils import parsedate_to_datetime

from hypercorn.typing import HTTPScope, WebsocketScope

NAMES = {b"date", b"if-modified-since", b"if-range", b"if-unmodified-since"}

NO_DATE = b"0"
"""A value that counts as no date (RFC 9110, 13.1: such a condition is ignored), and that is nobody's ETag."""


def replace_odd(scope: HTTPScope | WebsocketScope) -> None:
    """Replace dates with huge numbers: werkzeug 3.1.9 lets the OverflowError through that they cause."""
    if not NAMES.isdisjoint(dict(scope["headers"])):
        scope["headers"] = list(_readable(scope["headers"]))


def _readable(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[bytes, bytes]]:
    for name, value in headers:
        yield name, NO_DATE if name in NAMES and _overflows(value) else value


def _overflows(value: bytes) -> bool:
    try:
        with suppress(ValueError, TypeError):
            parsedate_to_datetime(value.decode("latin-1"))
    except OverflowError:
        return True
    return False
