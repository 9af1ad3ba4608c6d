"""Engines: what is particular to SQLite and to PostgreSQL."""

import os
import sqlite3
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, AsyncAdaptedQueuePool, Connection, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from quart_auth_app.inline_sqlite import InlineConnection
from quart_auth_app.instance import SettingsError, database_file, database_folder

BUSY_TIMEOUT = 5.0
"""Seconds a statement waits for another writer's lock on SQLite."""

CONNECT_TIMEOUT = 5.0
"""Seconds in which PostgreSQL has to answer a new connection."""

COMMAND_TIMEOUT = 4.0
"""Seconds in which PostgreSQL has to carry out a statement; ours take milliseconds."""


class DatabaseAway(Exception):
    """The database can't be reached, or another writer holds it for too long. Nothing was changed; later may do."""


def create_engine(url: URL, *, patience: float | None = None) -> AsyncEngine:
    """Return an engine that has not yet connected. Raises SettingsError if the file can't be used.

    `patience` is how many seconds a statement may take; usually BUSY_TIMEOUT, or COMMAND_TIMEOUT.
    """
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, patience or BUSY_TIMEOUT)
    return _postgresql(url, patience or COMMAND_TIMEOUT)


def _sqlite(url: URL, patience: float) -> AsyncEngine:
    pool: dict[str, Any] = {}
    if file := database_file(url):
        _prepare_file(url)
        # rw: a file that was moved away is missed, not replaced by an empty one.
        url = url.set(database=file.absolute().as_uri()).update_query_dict({"uri": "true", "mode": "rw"})
    else:
        # An in-memory database lives in its one connection, and two transactions on one connection would be one: a pool
        # of one makes the second wait.
        pool = {"poolclass": AsyncAdaptedQueuePool, "pool_size": 1, "max_overflow": 0}
    arguments = {"isolation_level": None, "timeout": patience}
    engine = create_async_engine(url.set(drivername="sqlite+aiosqlite"), connect_args=arguments, **pool)
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    event.listen(engine.sync_engine, "begin", _begin)
    if file:
        event.listen(engine.sync_engine, "connect", partial(_remember_file, file.absolute()))
        event.listen(engine.sync_engine, "checkout", partial(_insist_on_file, file.absolute()))
    return engine


def _remember_file(file: Path, _connection: object, record: ConnectionPoolEntry) -> None:
    record.info["file"] = _identity(file)


def _insist_on_file(file: Path, _connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
    # Where the file was moved away, or another put in its place, what is written to the old one would be lost.
    if record.info["file"] != _identity(file):
        raise DisconnectionError


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def create_lookup_engine(url: URL, engine: AsyncEngine) -> AsyncEngine:
    """Return an engine for look-ups that an index answers; but for SQLite files, that is `engine` itself."""
    file = database_file(url) if url.get_backend_name() == "sqlite" else None
    if not file:
        return engine
    address = f"{file.absolute().as_uri()}?mode=rw"

    def connect(*_: object, **__: object) -> InlineConnection:
        return InlineConnection(partial(sqlite3.connect, address, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT))

    lookups = create_async_engine(url.set(drivername="sqlite+aiosqlite"), connect_args={"async_creator_fn": connect})
    event.listen(lookups.sync_engine, "connect", partial(_remember_file, file.absolute()))
    event.listen(lookups.sync_engine, "checkout", partial(_insist_on_file, file.absolute()))
    return lookups


def _prepare_file(url: URL) -> None:
    """Switch the file to write-ahead logging, which lasts, or say why that can't be."""
    database_folder(url)
    file = str(database_file(url))
    try:
        _create_private(file)
        connection = sqlite3.connect(file, timeout=BUSY_TIMEOUT)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        raise SettingsError(f"DATABASE_URL: {file} can't be used as a database: {error}") from None


def _create_private(file: str) -> None:
    # Hashes and addresses are for their owner's eyes. A file that exists must not be opened but by SQLite: closing it
    # again would drop the locks of all connections that this process has on it.
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    # In WAL mode only FULL makes an answered sign-up survive a power cut. Its fsync is nothing beside the hash.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once, busy timeout or not, when another one wrote in
    # between. Those that will write take the lock at their start instead, and wait for it there.
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _postgresql(url: URL, patience: float) -> AsyncEngine:
    import asyncpg  # only who uses PostgreSQL waits for it to load

    behind_pgbouncer = url.query.get("pgbouncer") == "true"
    # The address goes to asyncpg as it is, because that knows all of libpq's TLS parameters and SQLAlchemy doesn't.
    dsn = url.difference_update_query(["pgbouncer"]).set(drivername="postgresql").render_as_string(hide_password=False)

    # In transaction mode each transaction may get another server connection, where a statement prepared earlier is
    # unknown. Without caches it is prepared anew each time, without a name: under names they would pile up there.
    cached = 0 if behind_pgbouncer else 100

    async def connect(**_: object) -> Any:
        try:
            return await asyncpg.connect(
                dsn, timeout=CONNECT_TIMEOUT, command_timeout=patience, statement_cache_size=cached
            )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # SQLAlchemy translates what a connection raises, but not what comes in place of one.
            raise DatabaseAway(str(error) or f"no answer within {CONNECT_TIMEOUT:g} seconds") from error

    arguments = {"async_creator_fn": connect, "prepared_statement_cache_size": cached}
    engine = create_async_engine("postgresql+asyncpg://", connect_args=arguments, pool_recycle=1800)
    event.listen(engine.sync_engine, "checkout", _insist_on_connection)
    return engine


def _insist_on_connection(connection: Any, _record: object, _proxy: object) -> None:
    # The server may have restarted since. That is known without asking it, unlike with pool_pre_ping.
    if connection.driver_connection.is_closed():
        raise DisconnectionError
