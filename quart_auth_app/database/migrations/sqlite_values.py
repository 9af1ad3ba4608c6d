"""Values that are no text in a column of text. SQLite stores what it gets: bytes, and text that is not Unicode."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from quart_auth_app.database.migrations.errors import UnusableDatabase


def make_text(connection: Connection, table: str, column: str) -> None:
    """Make text of all values. Bytes that are not UTF-8 are taken for Latin-1, which has a character for each."""
    numbers = f"typeof({column}) IN ('integer', 'real')"
    connection.execute(text(f'UPDATE "{table}" SET {column} = CAST({column} AS TEXT) WHERE {numbers}'))
    stored = _stored(connection, table, column)
    values = [
        {"id": number, "value": _decoded(value)}
        for number, kind, value in stored
        if kind == "blob" or not _is_utf8(value)
    ]
    if values:
        connection.execute(text(f'UPDATE "{table}" SET {column} = :value WHERE id = :id'), values)


def unreadable(connection: Connection, table: str, column: str) -> list[int]:
    """Return the numbers of rows whose text is not Unicode: Python refuses to read it."""
    return [
        number for number, kind, value in _stored(connection, table, column) if kind == "text" and not _is_utf8(value)
    ]


def refuse_numeric(connection: Connection, table: str, column: str) -> None:
    """Raise UnusableDatabase if the column's type makes numbers of texts such as "007"."""
    types = {row[1].lower(): row[2].upper() for row in connection.exec_driver_sql(f'PRAGMA table_info("{table}")')}
    declared = types[column]
    # SQLite, "Datatypes", 3.1: the first of these that the name of the type contains decides.
    is_text = any(word in declared for word in ("CHAR", "CLOB", "TEXT", "BLOB")) or not declared
    if "INT" in declared or not is_text:
        raise UnusableDatabase(
            f"Nothing was changed: the column {column} of the table {table} is {declared}, in which SQLite stores a "
            f"{column} of digits as a number; it must be VARCHAR"
        )


def _stored(connection: Connection, table: str, column: str) -> Iterator[tuple[int, str, bytes]]:
    # In a file of UTF-16, SQLite itself turns text into UTF-8, and replaces what is not Unicode.
    is_utf8 = connection.exec_driver_sql("PRAGMA encoding").scalar_one() == "UTF-8"
    kinds = "('blob', 'text')" if is_utf8 else "('blob')"
    query = f'SELECT id, typeof({column}), CAST({column} AS BLOB) FROM "{table}" WHERE typeof({column}) IN {kinds}'
    for row in connection.exec_driver_sql(query):
        yield row[0], row[1], row[2]


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decoded(value: bytes) -> str:
    return value.decode("utf-8" if _is_utf8(value) else "latin-1")
