"""Chooses the engine and the look-ups: SQLite's or PostgreSQL's."""

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from quart_auth_app.database import sqlite
from quart_auth_app.database.errors import DatabaseAway
from quart_auth_app.database.lookups import EngineLookups, FileLookups, Lookups
from quart_auth_app.instance import database_file

__all__ = ["DatabaseAway", "Lookups", "create_engine", "create_lookups"]


def create_engine(
    url: URL, *, patience: float | None = None, create: bool = True, foreign_keys: bool = True
) -> AsyncEngine:
    """Return an engine that has not connected yet. Raises SettingsError if the SQLite file can't be used.

    `patience` is how many seconds a statement may take; None means the default. Without `create`, a missing SQLite file
    is not created. Without `foreign_keys`, SQLite doesn't enforce them.
    """
    if url.get_backend_name() == "sqlite":
        return sqlite.create_engine(url, patience, create=create, foreign_keys=foreign_keys)
    from quart_auth_app.database import postgresql  # asyncpg is slow to load, and SQLite does not need it

    return postgresql.create_engine(url, patience)


def create_lookups(url: URL, engine: AsyncEngine) -> Lookups:
    """Return the object that answers look-ups: from a SQLite file directly, otherwise through `engine`."""
    if file := database_file(url):
        return FileLookups(file)
    if url.get_backend_name() == "sqlite":
        return EngineLookups(engine)
    # One SELECT needs no transaction, which would cost two more round trips.
    return EngineLookups(engine.execution_options(isolation_level="AUTOCOMMIT"))
