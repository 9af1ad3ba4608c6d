"""The database: one for each application, and the units of work on it.

A unit of work is a block `async with database.transaction() as db:`. Everything that one act reads and writes happens
in this block, with the session `db`. At the end of the block all of it is committed together. If the block raises an
error, nothing of it is kept. `async with database.reading() as db:` is one that only reads.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVarTuple

from sqlalchemy import URL, Select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from quart_auth_app.database.away import away_in_words
from quart_auth_app.database.engines import DatabaseAway, create_engine, create_lookups
from quart_auth_app.database.schema import Schema, SchemaOutdated
from quart_auth_app.database.sqlite import BUSY_TIMEOUT
from quart_auth_app.instance import database_file

__all__ = ["Database", "DatabaseAway", "LookUp", "UnitOfWork", "UnitsOfWork"]

UnitOfWork = Callable[[], AbstractAsyncContextManager[AsyncSession]]
"""`Database.transaction` or `Database.reading`, for functions that need more than one."""


class UnitsOfWork(Protocol):
    """A `Database`, for functions that read before they write."""

    def transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Return a session that is committed at the end of the block."""

    def reading(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Return a session for reading only."""


Columns = TypeVarTuple("Columns")


class LookUp(Protocol):
    """`Database.look_up`, for functions that run on every page."""

    async def __call__(self, question: Select[*Columns], values: Mapping[str, object]) -> tuple[*Columns] | None:
        """Return the first row, or None."""


class Database:
    """One application's database. It connects, and checks the schema, when it is first needed.

    Without `create`, it neither creates a SQLite file nor changes its schema: for commands that only read. `info` is
    added to every session's `info`. `sites_migrations` is the folder of the site's own migrations, if it has one.
    """

    def __init__(
        self,
        url: URL,
        *,
        create: bool = True,
        info: Mapping[str, object] | None = None,
        sites_migrations: Path | None = None,
    ) -> None:
        self.url = url
        self.engine = create_engine(url, create=create)
        self._upgrades = url.get_backend_name() == "sqlite" and (create or not database_file(url))
        self.reader = self.engine.execution_options(reading=True)
        """The same engine, for reading only."""
        self.schema = Schema(url, self.engine, self.reader, sites_migrations=sites_migrations)
        self._write = async_sessionmaker(self.engine, expire_on_commit=False, info=dict(info or {}))
        self._read = async_sessionmaker(self.reader, expire_on_commit=False, info=dict(info or {}))
        self._lookups = create_lookups(url, self.reader)
        self._writing = asyncio.Lock() if url.get_backend_name() == "sqlite" else None
        self._is_ready = False
        self._getting_ready = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Return a session that is committed at the end of the block, or rolled back if the block raises.

        Raises DatabaseAway.
        """
        await self.get_ready()
        with away_in_words():
            async with self._turn_to_write(), self._write.begin() as db:
                yield db

    @asynccontextmanager
    async def _turn_to_write(self) -> AsyncIterator[None]:
        """Wait for the other writers of this process, in order of arrival: SQLite's own waiting has no order.

        Raises TimeoutError. PostgreSQL's writers don't wait for each other.
        """
        if self._writing is None:
            yield
            return
        async with asyncio.timeout(BUSY_TIMEOUT):
            await self._writing.acquire()
        try:
            yield
        finally:
            self._writing.release()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Return a session for reading only; it waits for no writer. Raises DatabaseAway."""
        await self.get_ready()
        with away_in_words():
            async with self._read() as db:
                yield db

    async def look_up(self, question: Select[*Columns], values: Mapping[str, object]) -> tuple[*Columns] | None:
        """Return the first row that an index finds at once, or None. On a SQLite file this blocks the event loop.

        `question` is a statement that is built once, in its module. Raises DatabaseAway.
        """
        await self.get_ready()
        with away_in_words():
            return await self._lookups.first(question, values)

    async def get_ready(self) -> None:
        """Upgrade a SQLite file's schema, once; with PostgreSQL raise SchemaOutdated if the schema is not up to date.

        On PostgreSQL several versions of the application may run at once, so the operator decides when to upgrade.
        """
        if self._is_ready:
            return
        async with self._getting_ready:
            if self._upgrades:
                await self.schema.upgrade()
            elif not await self.schema.is_up_to_date():
                raise SchemaOutdated("The database's schema is not this version's. Run: quart-auth-app db upgrade")
            self._is_ready = True

    async def close(self) -> None:
        """Close all connections; a later unit of work opens new ones."""
        await self.engine.dispose()
        await self._lookups.close()
