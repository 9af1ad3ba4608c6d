"""Changes to PostgreSQL tables that may be a site's."""

from collections.abc import Mapping

from sqlalchemy import Connection, String, inspect, text

from quart_auth_app.database.migrations import postgresql_columns
from quart_auth_app.database.migrations.errors import UnusableDatabase


def widen(connection: Connection, table: str, lengths: Mapping[str, int]) -> None:
    """Widen columns to the given `lengths`, in characters. Raises UnusableDatabase if other objects depend on them.

    PostgreSQL can't change the type of a column that a view, a trigger or a generated column uses, and these are the
    site's: we must not drop them.
    """
    types = {each["name"]: each["type"] for each in inspect(connection).get_columns(table)}
    short = [name for name, length in lengths.items() if _is_shorter(types[name], length)]
    in_the_way = {each for name in short for each in postgresql_columns.made_of(connection, table, name)}
    if in_the_way:
        raise UnusableDatabase(
            f"Nothing was changed: {' and '.join(short)} of the table {table} must hold longer texts, which PostgreSQL "
            f"doesn't allow while other things are made of them. Drop {' and '.join(sorted(in_the_way))}, upgrade, and "
            "create it again"
        )
    for name in short:
        postgresql_columns.set_length(connection, table, name, lengths[name])


def _is_shorter(type_: object, length: int) -> bool:
    return isinstance(type_, String) and type_.length is not None and type_.length < length


_KIN = """
SELECT DISTINCT other::regclass::text
FROM pg_inherits, unnest(ARRAY[inhparent, inhrelid]) AS other
WHERE CAST(:table AS regclass) IN (inhparent, inhrelid) AND other <> CAST(:table AS regclass)
ORDER BY 1
"""


def refuse_kin(connection: Connection, table: str) -> None:
    """Raise UnusableDatabase if the table shares columns with others by inheritance or partitioning."""
    kin = connection.execute(text(_KIN), {"table": f'"{table}"'}).scalars().all()
    if kin:
        raise UnusableDatabase(
            f"Nothing was changed: the table {table} shares its columns with {' and '.join(kin)}, by inheritance or as "
            "partitions, so that they would change with it. Undo that with ALTER TABLE … NO INHERIT or DETACH PARTITION"
        )


_SEQUENCE = """
SELECT p.seqincrement, p.seqcycle FROM pg_sequence p WHERE p.seqrelid = CAST(:sequence AS regclass)
"""


def count_from_the_highest(connection: Connection, table: str) -> None:
    """Let the sequence of `id` continue after the highest number. Raises UnusableDatabase if it can't."""
    sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:table, 'id')"), {"table": f'"{table}"'})
    if not sequence:
        raise UnusableDatabase(f"Nothing was changed: the column id of the table {table} has no sequence of its own")
    increment, cycles = connection.execute(text(_SEQUENCE), {"sequence": sequence}).one()
    if increment < 0 or cycles:
        raise UnusableDatabase(f"Nothing was changed: {sequence}, which numbers the users, would give a number twice")
    last, called = connection.exec_driver_sql(f"SELECT last_value, is_called FROM {sequence}").one()
    highest = connection.exec_driver_sql(f'SELECT max(id) FROM "{table}"').scalar() or 0
    if highest > last or (highest == last and not called):
        # Not setval, which a rollback doesn't undo.
        connection.exec_driver_sql(f"ALTER SEQUENCE {sequence} RESTART WITH {highest + 1}")
