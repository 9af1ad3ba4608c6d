"""SQLite's engine."""

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
"""Seconds that a statement waits for another writer's lock."""


def create_engine(url: URL, patience: float | None, *, create: bool = True, foreign_keys: bool = True) -> AsyncEngine:
    """Return an engine; `patience` is how many seconds a statement may wait for a lock. Raises SettingsError.

    Without `create`, the file must exist, and is not prepared.
    """
    pool: dict[str, Any] = {}
    if file := database_file(url):
        if create:
            _prepare_file(url)
        else:
            insist_on_file(url)
        # rw: if the file was moved away, that is an error, and no empty file replaces it.
        url = url.set(database=file.absolute().as_uri()).update_query_dict({"uri": "true", "mode": "rw"})
    else:
        # An in-memory database exists in one connection only, where two transactions would become one. With a pool of
        # one connection, the second transaction waits.
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
    # If the file was moved away or replaced, everything written to the old one would be lost.
    event.listen(engine.sync_engine, "connect", partial(_remember_file, str(file.absolute())))
    event.listen(engine.sync_engine, "checkout", partial(_insist_on_file, str(file.absolute())))


def _remember_file(path: str, _connection: object, record: ConnectionPoolEntry) -> None:
    record.info["file"] = identity(path)


def _insist_on_file(path: str, _connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
    if record.info["file"] != identity(path):
        raise DisconnectionError


def identity(path: str) -> tuple[int, int] | None:
    """Return device and inode of the file at this path, which differ if it is replaced; None if there is no file."""
    try:
        found = os.stat(path)  # not pathlib, which takes ten times as long: this runs on every page
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_programming_error(error: object) -> bool:
    """Return whether the statement itself is wrong: a missing table, a syntax error.

    Python raises OperationalError for it, as it does for a locked database or a full disk.
    """
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR


def _prepare_file(url: URL) -> None:
    """Switch the file to write-ahead logging, which the file remembers. Raises SettingsError if it can't be used."""
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
    # The file holds hashes and addresses, so only its owner may read it. An existing file must be opened by SQLite
    # only: closing any other descriptor of it drops all locks of this process (POSIX advisory locks).
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _set_pragmas(foreign_keys: bool, connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA foreign_keys = {foreign_keys:d}")
    # In WAL mode only FULL makes an answered sign-up survive a power cut. Its fsync takes far less time than the hash.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once, whatever the busy timeout, if another one wrote in
    # between. So every transaction takes the write lock at its start, unless it is marked as reading.
    reading = connection.get_execution_options().get("reading", False)
    driver = connection.connection.driver_connection
    if not one_crossing.begin(driver, "BEGIN" if reading else "BEGIN IMMEDIATE"):
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _give_up_lock(connection: Any, _record: object, _error: BaseException | None) -> None:
    # When a browser hangs up, the statement is cancelled, and SQLAlchemy closes the connection. But SQLite keeps a
    # closed connection and its write lock until its last statement is freed, which waits for garbage collection.
    connection.rollback()
