"""Changes of PostgreSQL tables that may be a site's."""

from collections.abc import Mapping

from sqlalchemy import Connection, String, inspect, text

from quart_auth_app.database.migrations.errors import UnusableDatabase

_VIEWS_OF_A_COLUMN = """
SELECT DISTINCT rewritten.ev_class::regclass::text
FROM pg_depend used
JOIN pg_rewrite rewritten ON used.classid = 'pg_rewrite'::regclass AND rewritten.oid = used.objid
JOIN pg_attribute a ON a.attrelid = used.refobjid AND a.attnum = used.refobjsubid
WHERE used.refclassid = 'pg_class'::regclass AND used.refobjid = CAST(:table AS regclass)
  AND a.attname = :column AND rewritten.ev_class <> used.refobjid
ORDER BY 1
"""

_TRIGGERS_OF_A_COLUMN = """
SELECT 'the trigger ' || t.tgname
FROM pg_trigger t JOIN pg_attribute a ON a.attrelid = t.tgrelid AND a.attnum = ANY(t.tgattr)
WHERE t.tgrelid = CAST(:table AS regclass) AND a.attname = :column AND NOT t.tgisinternal
ORDER BY 1
"""
_COLUMNS_MADE_OF_A_COLUMN = """
SELECT DISTINCT 'the generated column ' || made.attname
FROM pg_depend used
JOIN pg_attrdef d ON used.classid = 'pg_attrdef'::regclass AND d.oid = used.objid
JOIN pg_attribute a ON a.attrelid = used.refobjid AND a.attnum = used.refobjsubid
JOIN pg_attribute made ON made.attrelid = d.adrelid AND made.attnum = d.adnum
WHERE used.refclassid = 'pg_class'::regclass AND used.refobjid = CAST(:table AS regclass)
  AND a.attname = :column AND made.attnum <> a.attnum
ORDER BY 1
"""


def widen(connection: Connection, table: str, lengths: Mapping[str, int]) -> None:
    """Make columns hold so many characters, those that hold fewer. Raises UnusableDatabase if others are made of them.

    PostgreSQL changes no type that a view, a trigger or a generated column is made of, and these are not ours to drop.
    """
    types = {each["name"]: each["type"] for each in inspect(connection).get_columns(table)}
    short = [name for name, length in lengths.items() if _is_shorter(types[name], length)]
    in_the_way = {each for name in short for each in _made_of(connection, table, name)}
    if in_the_way:
        raise UnusableDatabase(
            f"Nothing was changed: {' and '.join(short)} of the table {table} must hold longer texts, which PostgreSQL "
            f"doesn't allow while other things are made of them. Drop {' and '.join(sorted(in_the_way))}, upgrade, and "
            "create it again"
        )
    for name in short:
        connection.exec_driver_sql(f'ALTER TABLE "{table}" ALTER COLUMN "{name}" TYPE VARCHAR({lengths[name]})')


def _is_shorter(type_: object, length: int) -> bool:
    return isinstance(type_, String) and type_.length is not None and type_.length < length


def _made_of(connection: Connection, table: str, column: str) -> list[str]:
    queries = (_VIEWS_OF_A_COLUMN, _TRIGGERS_OF_A_COLUMN, _COLUMNS_MADE_OF_A_COLUMN)
    values = {"table": f'"{table}"', "column": column}
    return [name for query in queries for name in connection.execute(text(query), values).scalars()]


_SEQUENCE = """
SELECT p.seqincrement, p.seqcycle FROM pg_sequence p WHERE p.seqrelid = CAST(:sequence AS regclass)
"""


def count_from_the_highest(connection: Connection, table: str) -> None:
    """Let the sequence of `id` go on behind the highest number. Raises UnusableDatabase if it can't."""
    sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:table, 'id')"), {"table": f'"{table}"'})
    if not sequence:
        raise UnusableDatabase(f"Nothing was changed: the column id of the table {table} has no sequence of its own")
    increment, cycles = connection.execute(text(_SEQUENCE), {"sequence": sequence}).one()
    if increment < 0 or cycles:
        raise UnusableDatabase(f"Nothing was changed: {sequence}, which numbers the users, would give a number twice")
    last, called = connection.exec_driver_sql(f"SELECT last_value, is_called FROM {sequence}").one()
    highest = connection.exec_driver_sql(f'SELECT max(id) FROM "{table}"').scalar() or 0
    if highest > last or (highest == last and not called):
        # Unlike setval, it is undone together with the upgrade.
        connection.exec_driver_sql(f"ALTER SEQUENCE {sequence} RESTART WITH {highest + 1}")
