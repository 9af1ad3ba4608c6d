"""Engines: what is particular to SQLite and to PostgreSQL."""

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
    """Return an engine that has not yet connected. Raises SettingsError if the file can't be used.

    `patience` is how many seconds a statement may take, if that is not the usual. Without `create`, a SQLite file that
    is missing is not made. Without `foreign_keys`, SQLite doesn't heed them.
    """
    if url.get_backend_name() == "sqlite":
        return sqlite.create_engine(url, patience, create=create, foreign_keys=foreign_keys)
    from quart_auth_app.database import postgresql  # only who uses PostgreSQL waits for asyncpg to load

    return postgresql.create_engine(url, patience)


def create_lookups(url: URL, engine: AsyncEngine) -> Lookups:
    """Return what answers look-ups: in a SQLite file directly, else by way of `engine`."""
    if file := database_file(url):
        return FileLookups(file)
    if url.get_backend_name() == "sqlite":
        return EngineLookups(engine)
    # A single question needs no transaction around it, which would be two more round trips.
    return EngineLookups(engine.execution_options(isolation_level="AUTOCOMMIT"))
