"""Look-ups: queries that an index answers at once. They run on every page, so keep overhead minimal."""

import sqlite3
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TypeVarTuple, cast

from sqlalchemy import Select
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.types import TypeEngine

from quart_auth_app.database.errors import DatabaseAway
from quart_auth_app.database.sqlite import identity, is_programming_error

PATIENCE = 0.1
"""Seconds that a look-up waits for a SQLite lock, which blocks the event loop. In write-ahead mode that is rare."""

Columns = TypeVarTuple("Columns")
Processor = Callable[[Any], Any]

_dialect = pysqlite.dialect(paramstyle="named")


class Lookups(Protocol):
    """Answers look-ups. A `question` is a statement built once, in its module, because its compiled form is cached."""

    async def first(self, question: Select[*Columns], values: Mapping[str, object]) -> tuple[*Columns] | None:
        """Return the first row of the answer, or None. Raises DatabaseAway."""

    async def close(self) -> None:
        """Close the connection; a later look-up opens it again."""


class EngineLookups:
    """Look-ups on an engine's connections."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def first(self, question: Select[*Columns], values: Mapping[str, object]) -> tuple[*Columns] | None:
        """Return the first row of the answer, or None."""
        async with self._engine.connect() as connection:
            return (await connection.execute(question, values)).first()

    async def close(self) -> None:
        """Do nothing: the engine closes its connections."""


class FileLookups:
    """Look-ups in a SQLite file, in the event loop's thread, without SQLAlchemy's connections.

    SQLite takes about 10 microseconds for one, and in write-ahead mode it waits for no writer. Through SQLAlchemy it
    takes 200, and through aiosqlite's thread several times that.
    """

    def __init__(self, file: Path) -> None:
        self._path = str(file.absolute())
        self._uri = f"{file.absolute().as_uri()}?mode=rw"
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    async def first(self, question: Select[*Columns], values: Mapping[str, object]) -> tuple[*Columns] | None:
        """Return the first row of the answer, or None. Raises DatabaseAway."""
        sql, into, out_of = _prepared(question)
        try:
            # Fetch all rows: an unfinished statement keeps its snapshot, and the write-ahead log can't be checkpointed.
            rows = self._connected().execute(sql, {name: into[name](values[name]) for name in into}).fetchall()
        except sqlite3.OperationalError as error:
            if is_programming_error(error):
                raise
            raise DatabaseAway(str(error)) from error
        if not rows:
            return None
        return cast(tuple[*Columns], tuple(convert(value) for convert, value in zip(out_of, rows[0], strict=True)))

    async def close(self) -> None:
        """Close the connection."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def _connected(self) -> sqlite3.Connection:
        # If the file was moved away or replaced, the old one must not be read any more.
        file = identity(self._path)
        if self._connection and file != self._file:
            self._connection.close()
            self._connection = None
        if not self._connection:
            self._connection = sqlite3.connect(self._uri, uri=True, isolation_level=None, timeout=PATIENCE)
            self._file = file
        return self._connection


@lru_cache
def _prepared(question: Select[*tuple[Any, ...]]) -> tuple[str, dict[str, Processor], list[Processor]]:
    """Return the SQL, the converters of its parameters by name, and the converters of the answer's columns."""
    compiled = question.compile(dialect=_dialect)
    binds, columns = compiled.binds.items(), question.selected_columns
    into: dict[str, Processor] = {name: _type(each.type).bind_processor(_dialect) or _same for name, each in binds}
    out_of: list[Processor] = [_type(each.type).result_processor(_dialect, None) or _same for each in columns]
    return str(compiled), into, out_of


def _type(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    return type_.dialect_impl(_dialect)


def _same(value: Any) -> Any:
    return value
