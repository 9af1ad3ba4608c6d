"""Finds statements that read a whole table or a whole index: they get slower as a site grows."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_auth_app.database.units_of_work import Database

FEW = {"quart_auth_app_user_roles"}
"""Indexes of so few rows that all of them may be read: of the people with roles."""

Sent = dict[str, Any]
"""Statements by their SQL, each with the values of one time that it was sent."""


@contextmanager
def sent_to(database: Database, *, reading: bool = True) -> Iterator[Sent]:
    """Collect the statements that read or change rows during the block; without `reading`, those of transactions."""
    found: Sent = {}

    def note(connection: Connection, _cursor: object, sql: str, values: Any, *_: object) -> None:
        only_reads = connection.get_execution_options().get("reading")
        if re.match(r"SELECT|UPDATE|DELETE|INSERT", sql) and (reading or not only_reads):
            found[sql] = values[0] if isinstance(values, list) else values  # a list: several rows by one statement

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


async def whole_reads(database: Database, sent: Sent) -> dict[str, list[str]]:
    """Return the statements that read all of a table or an index, and which."""
    find = _in_sqlite if database.url.get_backend_name() == "sqlite" else _in_postgresql
    found = {}
    async with database.transaction() as db:
        connection = await db.connection()
        for sql, values in sent.items():
            if names := await find(connection, sql, values):
                found[sql] = names
    return found


async def _in_sqlite(connection: AsyncConnection, sql: str, values: Any) -> list[str]:
    rows = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)).all()
    # anon_1 and such are values that the statement itself brings.
    found = [re.match(r"SCAN (?!CONSTANT ROW|\(|anon_\d)(\S+)(?:.* INDEX (\S+))?", row[-1]) for row in rows]
    return [each[0] for each in found if each and each[2] not in FEW]


async def _in_postgresql(connection: AsyncConnection, sql: str, values: Any) -> list[str]:
    # Otherwise it reads a small table as a whole though an index would do.
    await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    await connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
    (plan,) = (await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {sql}", values)).one()
    return [*_whole(plan[0]["Plan"])]


def _whole(node: dict[str, Any]) -> Iterator[str]:
    is_searched = "Index Cond" in node or node.get("Index Name") in FEW
    if "Relation Name" in node and node["Node Type"].endswith("Scan") and not is_searched:
        yield f"{node['Relation Name']} by {node['Node Type']}"
    for child in node.get("Plans", ()):
        yield from _whole(child)
