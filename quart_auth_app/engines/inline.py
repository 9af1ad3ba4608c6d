"""A SQLite connection that answers at once, in the event loop's own thread."""

import sqlite3
from collections.abc import Callable, Generator
from typing import Any, Self

import aiosqlite


class InlineConnection(aiosqlite.Connection):
    """aiosqlite without its thread, for look-ups that an index answers.

    Such a look-up takes SQLite some 20 microseconds, and in write-ahead mode it waits for no writer. Handing it to
    another thread and back, as aiosqlite does with each call, takes far longer, and five calls make a look-up.
    """

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)

    def __await__(self) -> Generator[Any, None, Self]:
        return self._open().__await__()

    async def _open(self) -> Self:
        self._connection = self._connector()
        return self

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        return fn(*args, **kwargs)

    async def close(self) -> None:
        """Close the connection."""
        self.stop()

    def stop(self) -> None:
        """Close the connection, outside the event loop too."""
        if self._connection:
            self._connection.close()
            self._connection = None
