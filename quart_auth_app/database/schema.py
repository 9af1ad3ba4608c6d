"""The schema of an application's database: its revision, and its upgrades, whose steps are in `migrations`."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import URL, Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from quart_auth_app.database import migrations
from quart_auth_app.database.away import away_in_words
from quart_auth_app.database.engines import DatabaseAway, create_engine
from quart_auth_app.database.migrations import sites_history
from quart_auth_app.instance import database_file
from quart_auth_app.progress import Tell, nobody

UPGRADE_PATIENCE = 600.0
"""Seconds that an upgrade may take, or wait for another one. The tutorial's database with a million users takes 10."""


class SchemaOutdated(DatabaseAway):
    """The schema doesn't fit this version, and can't be upgraded here; the message says what to do."""


class Schema:
    """Our tables, and the site's own. `sites_migrations` is the folder of the site's migrations, if it has one."""

    def __init__(self, url: URL, engine: AsyncEngine, reader: AsyncEngine, *, sites_migrations: Path | None) -> None:
        self._url = url
        self._engine = engine
        self._reader = reader
        self.sites_migrations = sites_migrations

    async def upgrade(self, *, tell: Tell = nobody) -> None:
        """Upgrade the schema, or leave it as it was. Several callers at once take turns.

        Raises DatabaseAway, or SchemaOutdated if some rows can't be taken over; the message names them.
        """
        await self.upgrade_ours(tell=tell)
        if not await self.is_up_to_date():
            await self._upgrade(partial(sites_history.upgrade, folder=self.sites_migrations), foreign_keys=False)

    async def upgrade_ours(self, *, tell: Tell = nobody) -> None:
        """Upgrade our own tables only, and leave the site's as they are."""
        if await self.revision() != migrations.HEAD:
            await self._upgrade(partial(migrations.upgrade, tell=tell))

    async def _upgrade(self, upgrade: Callable[[Connection], None], *, foreign_keys: bool = True) -> None:
        in_memory = self._url.get_backend_name() == "sqlite" and not database_file(self._url)
        # For a database in memory, another engine would be another database.
        engine = (
            self._engine
            if in_memory
            else create_engine(self._url, patience=UPGRADE_PATIENCE, foreign_keys=foreign_keys)
        )
        try:
            # Around the commit too, which is where deferred constraints are checked.
            with away_in_words(), migrations.refusals_in_words("The schema can't be upgraded"):
                async with engine.begin() as connection:
                    await connection.run_sync(upgrade)
        except migrations.UnusableDatabase as error:
            raise SchemaOutdated(str(error)) from error
        finally:
            if engine is not self._engine:
                await engine.dispose()

    async def is_up_to_date(self) -> bool:
        """Tell whether our tables and the site's are as this version needs them. Raises DatabaseAway."""
        with away_in_words():
            async with self._reader.connect() as connection:
                return await connection.run_sync(self._has_both)

    def _has_both(self, connection: Connection) -> bool:
        ours = migrations.revision(connection) == migrations.HEAD
        return ours and sites_history.is_up_to_date(connection, self.sites_migrations)

    async def revision(self) -> str | None:
        """Return the schema's revision, None if there is none yet. Raises DatabaseAway."""
        with away_in_words():
            async with self._reader.connect() as connection:
                try:
                    return await connection.run_sync(migrations.revision)
                except migrations.UnusableDatabase as error:
                    raise SchemaOutdated(str(error)) from error
