"""Changes to SQLite tables that ALTER TABLE can't make: adding NOT NULL and AUTOINCREMENT, in place.

Both only restrict future writes and don't change how rows are stored. So the table need not be rebuilt: changing its
text in sqlite_schema is enough (https://www.sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema
Changes", the simpler procedure). No row is copied, so no foreign key acts, no trigger fires, and indexes, views and
other tables stay as they are. Everything happens in the connection's transaction.
"""

import sqlite3
from collections.abc import Collection
from contextlib import closing
from typing import Any

from sqlalchemy import Connection, text

from quart_auth_app.database.migrations import sqlite_text
from quart_auth_app.database.migrations.errors import UnusableDatabase


def refuse_other_kinds(connection: Connection, table: str) -> None:
    """Raise UnusableDatabase if the table's id, or its kind, can't be changed to what accounts need."""
    old = _sql(connection, table)
    try:
        new = old if sqlite_text.has_autoincrement(old) else sqlite_text.with_autoincrement(old)
        with closing(sqlite3.connect(":memory:")) as scratch:
            scratch.execute(new)
            scratch.execute(f'ALTER TABLE "{table}" ADD COLUMN quart_auth_app_scratch VARCHAR(1)')
    except (sqlite_text.NotUnderstood, sqlite3.Error):
        raise _not_understood(table, old) from None


def set_not_null(connection: Connection, table: str, columns: Collection[str]) -> None:
    """Add NOT NULL to the `columns` that lack it. Raises UnusableDatabase if a row holds NULL."""
    old = new = _sql(connection, table)
    info = _pragma(connection, "table_xinfo", table)
    missing = [row[1].lower() for row in info if row[1].lower() in columns and not row[3]]
    try:
        for column in missing:
            new = sqlite_text.with_not_null(new, column)
    except sqlite_text.NotUnderstood:
        raise _not_understood(table, old) from None
    _replace(connection, table, old, new, missing)


def set_autoincrement(connection: Connection, table: str, *, at_least: int = 0) -> None:
    """Make the table never reuse a number: it counts from the highest known number, or from `at_least`."""
    old = new = _sql(connection, table)
    highest = max(at_least, _highest(connection, table))  # first, so that nothing has been changed if this fails
    if not sqlite_text.has_autoincrement(old):
        try:
            new = sqlite_text.with_autoincrement(old)
        except sqlite_text.NotUnderstood:
            raise _not_understood(table, old) from None
        _make_sqlite_sequence(connection)
        _replace(connection, table, old, new, [])
    _count_from(connection, table, highest)


def _replace(connection: Connection, table: str, old: str, new: str, not_null: Collection[str]) -> None:
    if new == old:
        return
    _compare(table, old, new, not_null)
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    try:
        update = "UPDATE sqlite_schema SET sql = :new WHERE type = 'table' AND lower(name) = :table"
        connection.execute(text(update), {"new": new, "table": table})
        # Makes all connections, this one too, reload the schema.
        connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    finally:
        connection.exec_driver_sql("PRAGMA writable_schema = RESET")
    problems = connection.exec_driver_sql(f'PRAGMA quick_check("{table}")').scalars().all()
    if problems != ["ok"]:
        raise UnusableDatabase(f"The table {table} can't be changed, nothing was changed: {'; '.join(problems)}")


def _compare(table: str, old: str, new: str, not_null: Collection[str]) -> None:
    """Create both tables in memory, and check that they differ in the intended change only. Raises UnusableDatabase."""
    try:
        before, after = _described(table, old), _described(table, new)
    except sqlite3.Error:
        raise _not_understood(table, old) from None
    columns = [(*row[:3], 1 if row[1].lower() in not_null else row[3], *row[4:]) for row in before[0]]
    if after != [columns, *before[1:]]:
        raise _not_understood(table, old)


def _described(table: str, sql: str) -> list[list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(":memory:")) as scratch:
        scratch.execute(sql)
        pragmas = ("table_xinfo", "foreign_key_list", "index_list")
        return [scratch.execute(f'PRAGMA {pragma}("{table}")').fetchall() for pragma in pragmas]


def _make_sqlite_sequence(connection: Connection) -> None:
    # SQLite creates sqlite_sequence together with the first AUTOINCREMENT table, and keeps it from then on.
    connection.exec_driver_sql("CREATE TABLE quart_auth_app_scratch (id INTEGER PRIMARY KEY AUTOINCREMENT)")
    connection.exec_driver_sql("DROP TABLE quart_auth_app_scratch")


def _count_from(connection: Connection, table: str, highest: int) -> None:
    name, seq = _name(connection, table), None
    seq = connection.execute(text("SELECT max(seq) FROM sqlite_sequence WHERE name = :name"), {"name": name}).scalar()
    if seq is None:
        connection.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :seq)"), {"name": name, "seq": highest})
    elif seq < highest:
        update = "UPDATE sqlite_sequence SET seq = :seq WHERE name = :name"
        connection.execute(text(update), {"name": name, "seq": highest})


def _highest(connection: Connection, table: str) -> int:
    """Return the highest known id: of the table's rows, or of foreign keys to it, as the row may be gone."""
    found = [connection.exec_driver_sql(f'SELECT max(id) FROM "{table}"').scalar()]
    for other in connection.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'table'").scalars().all():
        for key in _pragma(connection, "foreign_key_list", other):
            if key[2].lower() == table and (key[4] or "id").lower() == "id":
                quoted = connection.dialect.identifier_preparer.quote_identifier
                query = f"SELECT max({quoted(key[3])}) FROM {quoted(other)} WHERE typeof({quoted(key[3])}) = 'integer'"
                found.append(connection.exec_driver_sql(query).scalar())
    return max([number for number in found if number is not None], default=0)


def _pragma(connection: Connection, pragma: str, table: str) -> list[tuple[Any, ...]]:
    quoted = connection.dialect.identifier_preparer.quote_identifier(table)
    return [tuple(row) for row in connection.exec_driver_sql(f"PRAGMA {pragma}({quoted})")]


def _name(connection: Connection, table: str) -> str:
    return str(_entry(connection, table)[0])


def _sql(connection: Connection, table: str) -> str:
    return str(_entry(connection, table)[1])


def _entry(connection: Connection, table: str) -> tuple[object, ...]:
    query = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND lower(name) = :table"
    return tuple(connection.execute(text(query), {"table": table}).one())


def _not_understood(table: str, sql: str) -> UnusableDatabase:
    return UnusableDatabase(
        f"The table {table} is made in a way that can't be changed in place, nothing was changed. "
        "Its id must be an INTEGER PRIMARY KEY, and the table neither STRICT nor WITHOUT ROWID; "
        f"it is: {' '.join(sql.split())}"
    )
