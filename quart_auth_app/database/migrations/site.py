"""A site's own tables and columns, and refusals of those that conflict with ours."""

import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import SAWarning

from quart_auth_app.database.migrations.errors import UnusableDatabase


def refuse_tables(connection: Connection, names: Collection[str]) -> None:
    """Raise UnusableDatabase if there are tables or views of these names already."""
    inspector = inspect(connection)
    there = [*inspector.get_table_names(), *inspector.get_view_names()]
    if connection.dialect.name == "postgresql":
        there += inspector.get_materialized_view_names()
    else:
        there = [name.lower() for name in there]
    taken = sorted(set(names) & set(there))
    if taken:
        raise UnusableDatabase(
            f"Nothing was changed: there is a table or view of the site's own named {' and '.join(taken)}, "
            "which is where accounts are to be kept. Rename it, or set DATABASE_URL to another database"
        )


def refuse_columns(connection: Connection, table: str, names: Collection[str]) -> None:
    """Raise UnusableDatabase if the table has columns of these names already."""
    taken = sorted(set(names) & column_names(connection, table))
    if taken:
        raise UnusableDatabase(
            f"Nothing was changed: the table {table} has a column of the site's own named {' and '.join(taken)}, "
            "which accounts need. Rename it"
        )


def column_names(connection: Connection, table: str) -> set[str]:
    """Return the columns' names; in lower case on SQLite, which ignores case."""
    names = {each["name"] for each in inspect(connection).get_columns(table)}
    return {name.lower() for name in names} if connection.dialect.name == "sqlite" else names


def is_unique(connection: Connection, table: str, columns: list[str]) -> bool:
    """Return whether a constraint or an index over all rows keeps these columns unique."""
    with no_warnings_of_a_sites_own():
        return columns in _unique(connection, table)


def _unique(connection: Connection, table: str) -> list[list[str | None]]:
    inspector = inspect(connection)
    constraints: list[list[str | None]] = [[*each["column_names"]] for each in inspector.get_unique_constraints(table)]
    indexes = [
        each["column_names"]
        for each in inspector.get_indexes(table)
        if each["unique"] and each.get("dialect_options", {}).get(f"{connection.dialect.name}_where") is None
    ]
    return constraints + indexes


@contextmanager
def no_warnings_of_a_sites_own() -> Iterator[None]:
    """Silence SQLAlchemy's warnings about a site's objects that it can't reflect: indexes of expressions, NOT VALID."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Can't validate argument 'dialect_options'", SAWarning)
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index", SAWarning)
        yield
