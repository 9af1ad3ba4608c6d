"""The database: one engine for each application, and the units of work on it."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from sqlalchemy import URL, AsyncAdaptedQueuePool, Connection, event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from quart_auth_app.instance import SettingsError, database_file, database_folder
from quart_auth_app.models import Base

BUSY_TIMEOUT = 5.0
"""Seconds a statement waits for another writer's lock on SQLite."""

UnitOfWork = Callable[[], AbstractAsyncContextManager[AsyncSession]]
"""`Database.transaction` or `Database.reading`, for functions that need more than one."""


class Database:
    """One application's database. Created without touching it: the tables are made when first needed."""

    def __init__(self, url: URL) -> None:
        pool: dict[str, Any] = {}
        if database_file(url):
            _prepare_file(url)
        else:
            # An in-memory database lives in its one connection, and two transactions on one connection would be one:
            # a pool of one makes the second wait.
            pool = {"poolclass": AsyncAdaptedQueuePool, "pool_size": 1, "max_overflow": 0}
        self.engine = create_async_engine(url, connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT}, **pool)
        event.listen(self.engine.sync_engine, "connect", _set_pragmas)
        event.listen(self.engine.sync_engine, "begin", _begin)
        self._write = async_sessionmaker(self.engine.execution_options(write=True), expire_on_commit=False)
        self._read = async_sessionmaker(self.engine, expire_on_commit=False)
        self._is_ready = False
        self._getting_ready = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Give a session whose work is committed at the end, or undone if an error comes out of the block."""
        await self.get_ready()
        async with self._write.begin() as db:
            yield db

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Give a session for questions only; it waits for no writer."""
        await self.get_ready()
        async with self._read() as db:
            yield db

    async def get_ready(self) -> None:
        """Create missing tables, once."""
        if self._is_ready:
            return
        async with self._getting_ready:
            async with self.engine.execution_options(write=True).begin() as connection:
                await connection.run_sync(Base.metadata.create_all)
            self._is_ready = True

    async def close(self) -> None:
        """Close all connections; a later unit of work opens new ones."""
        await self.engine.dispose()


def _prepare_file(url: URL) -> None:
    """Switch the file to write-ahead logging, which lasts, or say why that can't be."""
    database_folder(url)
    file = str(database_file(url))
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))  # hashes and addresses: for its owner's eyes
        connection = sqlite3.connect(file, timeout=BUSY_TIMEOUT)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        raise SettingsError(f"DATABASE_URL: {file} can't be used as a database: {error}") from None


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
