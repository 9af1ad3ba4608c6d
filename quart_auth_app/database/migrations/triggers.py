"""Turns off a site's own triggers, and rules in PostgreSQL: they must not fire on writes of an upgrade."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

_ENABLE = {"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


@contextmanager
def off(connection: Connection, table: str) -> Iterator[None]:
    """Turn off the triggers of `table` within the block; afterwards they are as before."""
    turn_off = _off_in_postgresql if connection.dialect.name == "postgresql" else _off_in_sqlite
    with turn_off(connection, table):
        yield


@contextmanager
def _off_in_sqlite(connection: Connection, table: str) -> Iterator[None]:
    # SQLite can't disable a trigger. So drop it, and create it again from its text in the same transaction.
    query = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = :table ORDER BY rowid"
    triggers = connection.execute(text(query), {"table": table}).all()
    for name, _ in triggers:
        connection.exec_driver_sql(f"DROP TRIGGER {_quoted(connection, name)}")
    yield
    for _, sql in triggers:
        connection.exec_driver_sql(sql)


_IN_POSTGRESQL = """
SELECT 'TRIGGER', tgname, tgenabled::text FROM pg_trigger
WHERE tgrelid = CAST(:table AS regclass) AND NOT tgisinternal AND tgenabled <> 'D'
UNION ALL
SELECT 'RULE', rulename, ev_enabled::text FROM pg_rewrite
WHERE ev_class = CAST(:table AS regclass) AND ev_type <> '1' AND ev_enabled <> 'D'
"""


@contextmanager
def _off_in_postgresql(connection: Connection, table: str) -> Iterator[None]:
    altered = f"ALTER TABLE {_quoted(connection, table)}"
    found = connection.execute(text(_IN_POSTGRESQL), {"table": _quoted(connection, table)}).all()
    for kind, name, _ in found:
        connection.exec_driver_sql(f"{altered} DISABLE {kind} {_quoted(connection, name)}")
    yield
    for kind, name, state in found:
        connection.exec_driver_sql(f"{altered} {_ENABLE[state]} {kind} {_quoted(connection, name)}")


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)
