"""aiosqlite with one thread switch for each statement instead of one for each call.

For each statement SQLAlchemy begins, makes a cursor, executes, fetches and closes, and it rolls back each connection
that it returns to the pool. Of these only the execution can take long. A log-in switched threads 88 times, which took
more processor time than its statements did.
"""

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any, Self

import aiosqlite

from quart_auth_app.third_party import is_for

VERSIONS = ("0.22.1",)
"""Versions of aiosqlite that this is for: it is no bug that is fixed here, but we use private names of aiosqlite."""


class Connection(aiosqlite.Connection):
    """A connection and its thread. The arguments are those of sqlite3.connect, including `check_same_thread=False`."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(partial(sqlite3.connect, *arguments, **named), iter_chunk_size=64)
        self._thread.daemon = True
        self.is_cut_off = False
        """Whether a call was cancelled; its statement may still be running in the thread."""
        self._beginning: str | None = None

    async def _execute(self, fn: Any, *arguments: Any, **named: Any) -> Any:
        # BEGIN is sent here because every call passes here: so no statement runs outside its transaction.
        if self._beginning:
            fn, self._beginning = partial(self._begin_and, self._beginning, fn), None
        try:
            return await super()._execute(fn, *arguments, **named)  # type: ignore[no-untyped-call]  # it has no types
        except asyncio.CancelledError:
            self.is_cut_off = True
            raise

    def cursor(self) -> "Cursor":  # type: ignore[override]  # SQLAlchemy enters it, as it would aiosqlite's
        """Return a cursor. SQLite's own cursor is made in `__aenter__`."""
        return Cursor(self, None)  # type: ignore[arg-type]  # none yet: see __aenter__

    def begin(self, statement: str) -> None:
        """Send `statement`, a BEGIN, together with the next call."""
        self._beginning = statement

    def _begin_and(self, beginning: str, fn: Any, *arguments: Any, **named: Any) -> Any:
        self._conn.execute(beginning)
        return fn(*arguments, **named)

    async def commit(self) -> None:
        """Commit, if a transaction has begun."""
        self._beginning = None
        if self._conn.in_transaction:
            await super().commit()

    async def rollback(self) -> None:
        """Roll back, if a transaction has begun."""
        self._beginning = None
        if self.is_cut_off or self._conn.in_transaction:
            await super().rollback()


def connection(*arguments: Any, **named: Any) -> aiosqlite.Connection:
    """Return a connection that is not open yet; aiosqlite's own if its version is not in VERSIONS. See Connection."""
    if is_for("aiosqlite", "one crossing into its thread for each statement", VERSIONS):
        return Connection(*arguments, **named)
    own = aiosqlite.Connection(partial(sqlite3.connect, *arguments, **named), iter_chunk_size=64)
    own._thread.daemon = True  # as SQLAlchemy does for those that it makes
    return own


def begin(connection: Any, statement: str) -> bool:
    """Send `statement`, a BEGIN, together with the next call. Returns False if the connection can't do that."""
    if isinstance(connection, Connection):
        connection.begin(statement)
        return True
    return False


class Cursor(aiosqlite.Cursor):
    """A cursor that fetches all rows while it executes."""

    _conn: Connection
    _rows: Iterator[Any] = iter(())

    async def __aenter__(self) -> Self:
        self._cursor = self._conn._conn.cursor()
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> Self:
        """Execute the statement."""
        self._rows = iter(await self._conn._execute(self._run, sql, parameters or ()))
        return self

    def _run(self, sql: str, parameters: Any) -> list[Any]:
        return self._cursor.execute(sql, parameters).fetchall()

    async def fetchone(self) -> Any:
        """Return the next row, or None."""
        return next(self._rows, None)

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next `size` rows."""
        return list(islice(self._rows, size or self._cursor.arraysize))

    async def fetchall(self) -> list[Any]:
        """Return the remaining rows."""
        return list(self._rows)

    async def close(self) -> None:
        """Close the cursor."""
        if self._conn.is_cut_off:
            await super().close()
        else:
            self._cursor.close()
