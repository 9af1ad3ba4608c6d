"""SQLite: what is particular to it."""

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

from quart_auth_app.database import one_crossing
from quart_auth_app.instance import SettingsError, database_file, database_folder, insist_on_file

BUSY_TIMEOUT = 5.0
"""Seconds a statement waits for another writer's lock."""


def create_engine(url: URL, patience: float | None, *, create: bool = True, foreign_keys: bool = True) -> AsyncEngine:
    """Return an engine; `patience` is how many seconds a statement may wait for a lock. Raises SettingsError.

    Without `create` the file has to be there, and is left as it is.
    """
    pool: dict[str, Any] = {}
    if file := database_file(url):
        if create:
            _prepare_file(url)
        else:
            insist_on_file(url)
        # rw: a file that was moved away is missed, not replaced by an empty one.
        url = url.set(database=file.absolute().as_uri()).update_query_dict({"uri": "true", "mode": "rw"})
    else:
        # An in-memory database lives in its one connection, and two transactions on one connection would be one: a pool
        # of one makes the second wait.
        pool = {"poolclass": AsyncAdaptedQueuePool, "pool_size": 1, "max_overflow": 0}
    arguments = {
        "async_creator_fn": one_crossing.connection,
        "check_same_thread": False,
        "isolation_level": None,
        "timeout": patience or BUSY_TIMEOUT,
    }
    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite"), connect_args=arguments, hide_parameters=True, **pool
    )
    event.listen(engine.sync_engine, "connect", partial(_set_pragmas, foreign_keys))
    event.listen(engine.sync_engine, "begin", _begin)
    event.listen(engine.sync_engine, "invalidate", _give_up_lock)
    if file:
        _keep_to(file, engine)
    return engine


def _keep_to(file: Path, engine: AsyncEngine) -> None:
    # Where the file was moved away, or another put in its place, what is written to the old one would be lost.
    event.listen(engine.sync_engine, "connect", partial(_remember_file, str(file.absolute())))
    event.listen(engine.sync_engine, "checkout", partial(_insist_on_file, str(file.absolute())))


def _remember_file(path: str, _connection: object, record: ConnectionPoolEntry) -> None:
    record.info["file"] = identity(path)


def _insist_on_file(path: str, _connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
    if record.info["file"] != identity(path):
        raise DisconnectionError


def identity(path: str) -> tuple[int, int] | None:
    """Return what tells the file at this path from another that takes its place, or None if there is none."""
    try:
        found = os.stat(path)  # pathlib takes ten times as long, and each page asks
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_programming_error(error: object) -> bool:
    """Return whether SQLite found fault with the statement: a table that is missing, a word that it doesn't know.

    Python calls it an OperationalError, as it does when the database is locked or out of room.
    """
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR


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


def _set_pragmas(foreign_keys: bool, connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA foreign_keys = {foreign_keys:d}")
    # In WAL mode only FULL makes an answered sign-up survive a power cut. Its fsync is nothing beside the hash.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once, busy timeout or not, when another one wrote in
    # between. So all take the lock at their start, and wait for it there, but those that say they only read.
    reading = connection.get_execution_options().get("reading", False)
    driver = connection.connection.driver_connection
    if not one_crossing.begin(driver, "BEGIN" if reading else "BEGIN IMMEDIATE"):
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _give_up_lock(connection: Any, _record: object, _error: BaseException | None) -> None:
    # When a browser hangs up, a statement is cancelled, and SQLAlchemy closes the connection. But SQLite keeps a closed
    # connection, and its write lock, until the last statement is gone, which waits for the garbage collector.
    connection.rollback()
