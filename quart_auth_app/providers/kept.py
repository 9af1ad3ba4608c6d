"""What is fetched from a provider and kept for a while, so that it is not asked for each log-in."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from quart_auth_app.providers.fetching import Unreachable

AFTER_FAILURE = timedelta(seconds=10)
"""How long nobody asks again after a failure: otherwise each person waits as long as the first."""

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """A value that `fetch` gets. Several who want it at once wait for the same answer."""

    def __init__(self, fetch: Callable[[datetime], Awaitable[Value]], *, lasts: timedelta) -> None:
        self._fetch = fetch
        self._lasts = lasts
        self._lock = asyncio.Lock()
        self._value: Value | None = None
        self._fetched_at: datetime | None = None
        self._failure: tuple[datetime, str] | None = None

    async def get(self, *, now: datetime, but_not_older_than: timedelta | None = None) -> Value:
        """Return the value. One that is older than given is fetched anew. Raises Unreachable."""
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
    return timedelta(0) <= now - since < lasts  # a clock that was set back makes it old
