"""Keeps what is lost when Alembic rebuilds a table, which it does in SQLite for most changes."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from quart_auth_app.database.migrations import UnusableDatabase, sqlite_tables
from quart_auth_app.models import OURS, Base

CANT = "The site's tables can't be upgraded"


@contextmanager
def indexes_of_expressions(connection: Connection) -> Iterator[None]:
    """Make our indexes of expressions again where they are lost."""
    # SQLAlchemy can't reflect indexes of expressions, which the admin pages' search uses, and warns. So they would be
    # lost where Alembic rebuilds the table in SQLite.
    ours = text("SELECT sql FROM sqlite_master WHERE type = 'index' AND name LIKE 'quart_auth_app_user_%'")
    is_sqlite = connection.dialect.name == "sqlite"
    before = list(connection.scalars(ours)) if is_sqlite else []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index quart_auth_app_")
        yield
    if is_sqlite:
        for statement in set(before) - set(connection.scalars(ours)):
            connection.exec_driver_sql(statement)


@contextmanager
def no_rows_that_point_to_nothing(connection: Connection) -> Iterator[None]:
    """Check foreign keys at the end. They are off in SQLite: rebuilding a table would delete rows that point to it."""
    if connection.dialect.name != "sqlite":
        yield
        return
    check = text("SELECT count(*) FROM pragma_foreign_key_check")
    before = connection.execute(check).scalar_one()
    yield
    if connection.execute(check).scalar_one() > before:
        raise UnusableDatabase(f"{CANT}, nothing was changed: rows would point to nothing")


@contextmanager
def numbers_used_once(connection: Connection) -> Iterator[None]:
    """Keep AUTOINCREMENT's highest numbers of our tables: a table that Alembic rebuilds in SQLite loses its own."""
    if connection.dialect.name != "sqlite":
        yield
        return
    highest = {str(name): int(seq) for name, seq in connection.execute(text("SELECT name, seq FROM sqlite_sequence"))}
    yield
    for name in OURS:
        if Base.metadata.tables[name].dialect_options["sqlite"]["autoincrement"]:
            sqlite_tables.set_autoincrement(connection, name, at_least=highest.get(name, 0))
