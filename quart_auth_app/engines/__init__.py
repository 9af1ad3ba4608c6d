"""Engines: what is particular to SQLite and to PostgreSQL."""

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from quart_auth_app.engines import sqlite
from quart_auth_app.engines.errors import DatabaseAway
from quart_auth_app.instance import database_file

__all__ = ["DatabaseAway", "create_engine", "create_lookup_engine"]


def create_engine(url: URL, *, patience: float | None = None) -> AsyncEngine:
    """Return an engine that has not yet connected. Raises SettingsError if the file can't be used.

    `patience` is how many seconds a statement may take, if that is not the usual.
    """
    if url.get_backend_name() == "sqlite":
        return sqlite.create_engine(url, patience)
    from quart_auth_app.engines import postgresql  # only who uses PostgreSQL waits for asyncpg to load

    return postgresql.create_engine(url, patience)


def create_lookup_engine(url: URL, engine: AsyncEngine) -> AsyncEngine:
    """Return an engine for look-ups that an index answers; but for SQLite files, that is `engine` itself."""
    file = database_file(url)
    return sqlite.create_lookup_engine(file) if file else engine
