"""aiosqlite with one crossing into its thread for each statement, in place of one for each call.

SQLAlchemy begins, makes a cursor, executes, fetches and closes, and rolls back whatever it returns to the pool: of
these only the execution may take long. A log-in crossed 88 times, which took more of the processor than its statements
did.
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
"""Of aiosqlite. It is no fault of aiosqlite's that is mended here, but the inside that we build on may change."""


class Connection(aiosqlite.Connection):
    """A connection and its thread. The arguments are sqlite3.connect's, `check_same_thread=False` among them."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(partial(sqlite3.connect, *arguments, **named), iter_chunk_size=64)
        self._thread.daemon = True
        self.is_cut_off = False
        """Whether somebody left without waiting for the answer: the thread may still be at it."""
        self._beginning: str | None = None

    async def _execute(self, fn: Any, *arguments: Any, **named: Any) -> Any:
        # Here, as all that is done to the database passes here, so that none of it is left outside its transaction.
        if self._beginning:
            fn, self._beginning = partial(self._begin_and, self._beginning, fn), None
        try:
            return await super()._execute(fn, *arguments, **named)  # type: ignore[no-untyped-call]  # it has no types
        except asyncio.CancelledError:
            self.is_cut_off = True
            raise

    def cursor(self) -> "Cursor":  # type: ignore[override]  # SQLAlchemy enters it, as it would aiosqlite's
        """Return a cursor, which SQLite makes when it is entered."""
        return Cursor(self, None)  # type: ignore[arg-type]  # none yet: see __aenter__

    def begin(self, statement: str) -> None:
        """Begin a transaction, with this BEGIN, as soon as there is something to do in it."""
        self._beginning = statement

    def _begin_and(self, beginning: str, fn: Any, *arguments: Any, **named: Any) -> Any:
        self._conn.execute(beginning)
        return fn(*arguments, **named)

    async def commit(self) -> None:
        """Commit, if there is anything."""
        self._beginning = None
        if self._conn.in_transaction:
            await super().commit()

    async def rollback(self) -> None:
        """Roll back, if there is anything."""
        self._beginning = None
        if self.is_cut_off or self._conn.in_transaction:
            await super().rollback()


def connection(*arguments: Any, **named: Any) -> aiosqlite.Connection:
    """Return a connection that is not opened yet; aiosqlite's own where the version is another. See Connection."""
    if is_for("aiosqlite", "one crossing into its thread for each statement", VERSIONS):
        return Connection(*arguments, **named)
    own = aiosqlite.Connection(partial(sqlite3.connect, *arguments, **named), iter_chunk_size=64)
    own._thread.daemon = True  # as SQLAlchemy does for those that it makes
    return own


def begin(connection: Any, statement: str) -> bool:
    """Begin a transaction, with this BEGIN, as soon as there is something to do in it; tell whether that can be."""
    if isinstance(connection, Connection):
        connection.begin(statement)
        return True
    return False


class Cursor(aiosqlite.Cursor):
    """A cursor that has all rows as soon as it has executed."""

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
        """Return so many of the next rows."""
        return list(islice(self._rows, size or self._cursor.arraysize))

    async def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        return list(self._rows)

    async def close(self) -> None:
        """Close the cursor."""
        if self._conn.is_cut_off:
            await super().close()
        else:
            self._cursor.close()
