"""Counts the costs of work, in numbers that don't depend on the machine or its load."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiosqlite
import jinja2
import pytest
from sqlalchemy import Connection, event

from quart_auth_app.database.lookups import FileLookups
from quart_auth_app.database.units_of_work import Database


@dataclass
class Costs:
    """The counts."""

    statements: list[str] = field(default_factory=list)
    """All statements to the database, as SQL."""

    values: list[Any] = field(default_factory=list)
    """The parameters of each statement that SQLAlchemy has sent."""

    transactions: int = 0
    """Transactions. Each also needs a COMMIT; the BEGIN is sent with the first statement."""

    hand_overs: list[str] = field(default_factory=list)
    """Calls in another thread; switching to it costs more than most of these calls."""

    compilations: list[str] = field(default_factory=list)
    """Templates that were compiled."""


@contextmanager
def counting(database: Database) -> Iterator[Costs]:
    """Count during the block."""
    costs = Costs()

    def statement(_connection: object, _cursor: object, sql: str, values: Any, *_: object) -> None:
        costs.statements.append(sql)
        costs.values.append(values)

    def begin(connection: Connection) -> None:
        costs.transactions += connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT"

    async def look_up(self: FileLookups, question: Any, values: Any) -> Any:
        costs.statements.append(str(question))
        return await plain_look_up(self, question, values)

    def hand_over(*arguments: Any, **named: Any) -> Any:
        costs.hand_overs.append(repr(arguments[2]))
        return plain_hand_over(*arguments, **named)

    async def hand_over_to_sqlite(self: aiosqlite.Connection, fn: Any, *arguments: Any, **named: Any) -> Any:
        costs.hand_overs.append(repr(fn))
        return await plain_hand_over_to_sqlite(self, fn, *arguments, **named)

    def compilation(
        environment: jinja2.Environment, source: Any, name: Any = None, *arguments: Any, **named: Any
    ) -> Any:
        costs.compilations.append(name)
        return plain_compilation(environment, source, name, *arguments, **named)

    plain_look_up = FileLookups.first
    plain_hand_over = asyncio.BaseEventLoop.run_in_executor
    plain_hand_over_to_sqlite: Any = aiosqlite.Connection._execute
    plain_compilation: Any = jinja2.Environment.compile
    listeners: dict[str, Callable[..., None]] = {"before_cursor_execute": statement, "begin": begin}
    for name, listener in listeners.items():
        event.listen(database.engine.sync_engine, name, listener)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FileLookups, "first", look_up)
        patch.setattr(asyncio.BaseEventLoop, "run_in_executor", hand_over)
        patch.setattr(aiosqlite.Connection, "_execute", hand_over_to_sqlite)
        patch.setattr(jinja2.Environment, "compile", compilation)
        yield costs
    for name, listener in listeners.items():
        event.remove(database.engine.sync_engine, name, listener)
