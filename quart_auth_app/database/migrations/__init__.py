"""The schema's history, and how a database follows it. Alembic does the work, inside one transaction."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

HEAD = "0001"
"""The revision of this version's models: the newest file in `versions`."""

LOCK = 0x71756172745F61
"""The number of PostgreSQL's advisory lock for upgrades; any will do that nobody else uses."""


class UnusableDatabase(Exception):
    """What is in the database can't be taken over; the message says why, and nothing was changed."""


def revision(connection: Connection) -> str | None:
    """Return the revision that the database is at, None if it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    number: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return number


def upgrade(connection: Connection) -> None:
    """Bring the database up to HEAD within the transaction that `connection` is in.

    Others who try at the same time wait, and then find nothing to do. A SQLite file that holds something is copied
    first, to a file beside it whose name says when.
    """
    from alembic import command  # takes a while to load, and is not needed when all is up to date
    from alembic.util import CommandError  # as above

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    if revision(connection) == HEAD:
        return
    with _back_up(connection):
        try:
            command.upgrade(_config(connection), "head")
        except CommandError as error:
            raise UnusableDatabase(f"The schema can't be upgraded, it may be a newer version's: {error}") from error


def differences(connection: Connection) -> list[Any]:
    """Return in what the database's schema differs from the models, as Alembic tells it."""
    from alembic.autogenerate import compare_metadata  # as above
    from alembic.migration import MigrationContext  # as above

    from quart_auth_app.models import Base  # as above

    return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))


def _config(connection: Connection) -> Any:
    from alembic.config import Config  # as above

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


@contextmanager
def _back_up(connection: Connection) -> Iterator[None]:
    """Copy a SQLite file that holds something; where the upgrade fails, the original is as it was and the copy goes."""
    if connection.dialect.name != "sqlite" or not inspect(connection).get_table_names():
        yield
        return
    file = connection.scalar(text("SELECT file FROM pragma_database_list WHERE name = 'main'"))
    copy = Path(f"{file}.before-{HEAD}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}")
    copy.touch(mode=0o600, exist_ok=False)
    try:
        # The transaction that we are in keeps all writers away, so another connection reads the state before it.
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        yield
    except BaseException:
        copy.unlink()
        raise
