"""A cache for documents of a provider, so that they are not fetched for each log-in."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from quart_auth_app.providers.fetching import Unreachable

AFTER_FAILURE = timedelta(seconds=10)
"""How long a failure is cached: otherwise each person would wait as long as the first."""

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """A cached value that `fetch` gets. Concurrent calls wait for the same fetch."""

    def __init__(self, fetch: Callable[[datetime], Awaitable[Value]], *, lasts: timedelta) -> None:
        self._fetch = fetch
        self._lasts = lasts
        self._lock = asyncio.Lock()
        self._value: Value | None = None
        self._fetched_at: datetime | None = None
        self._failure: tuple[datetime, str] | None = None

    async def get(self, *, now: datetime, but_not_older_than: timedelta | None = None) -> Value:
        """Return the value; fetch it if it is older than `but_not_older_than` or its lifetime. Raises Unreachable."""
        async with self._lock:
            lasts = self._lasts if but_not_older_than is None else but_not_older_than
            if self._value is not None and self._fetched_at and _is_within(lasts, self._fetched_at, now):
                return self._value
            if self._failure and _is_within(AFTER_FAILURE, self._failure[0], now):
                raise Unreachable(self._failure[1])
            try:
                self._value = await self._fetch(now)
            except Unreachable as error:
                self._failure = now, str(error)
                raise
            self._fetched_at, self._failure = now, None
            return self._value


def _is_within(lasts: timedelta, since: datetime, now: datetime) -> bool:
    return timedelta(0) <= now - since < lasts  # if the clock was set back, the value counts as old
