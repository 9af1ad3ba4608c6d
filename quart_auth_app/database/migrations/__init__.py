"""The schema's migrations, and how a database is upgraded: by Alembic, inside one transaction."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from quart_auth_app.database.migrations.backups import backed_up
from quart_auth_app.database.migrations.errors import UnusableDatabase, refusals_in_words
from quart_auth_app.progress import Tell, nobody

__all__ = [
    "HEAD",
    "VERSION_TABLE",
    "UnusableDatabase",
    "backed_up",
    "config",
    "newest",
    "refusals_in_words",
    "revision",
    "take_turns",
    "upgrade",
]

VERSION_TABLE = "quart_auth_app_version"
"""The table with the revision. Not `alembic_version`: the site's own Alembic may use the same database."""

LOCK = 0x71756172745F61
"""The key of PostgreSQL's advisory lock for upgrades: any number that nobody else uses."""

_FIRST_RELEASE = ("0001", {"session": "token_hash", "user": "email_key", "attempts": "ends_at"})
"""The revision that the first release stored in `alembic_version`, and one column of each of its tables."""


def newest(folder: Path) -> str:
    """Return the number of the newest revision in `folder`, by file names: Alembic takes long to load."""
    return max(file.name.partition("_")[0] for file in (folder / "versions").glob("[0-9]*_*.py"))


HEAD = newest(Path(__file__).parent)
"""The revision of this version's models."""


def revision(connection: Connection) -> str | None:
    """Return the revision that the database is at, None if it has none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return _FIRST_RELEASE[0] if _is_first_release(connection) else None
    if "version_num" not in {each["name"] for each in inspect(connection).get_columns(VERSION_TABLE)}:
        raise UnusableDatabase(f"Nothing was changed: the table {VERSION_TABLE} is not ours. Rename it")
    number: str | None = connection.scalar(text("SELECT version_num FROM quart_auth_app_version"))
    return number


def _is_first_release(connection: Connection) -> bool:
    number, tables = _FIRST_RELEASE
    inspector = inspect(connection)
    if not all(inspector.has_table(table) for table in ["alembic_version", *tables]):
        return False
    if connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() != [number]:
        return False
    return all(column in {each["name"] for each in inspector.get_columns(table)} for table, column in tables.items())


def upgrade(connection: Connection, *, tell: Tell = nobody) -> None:
    """Upgrade the database to HEAD, within the transaction of `connection`.

    Other upgrades at the same time wait, and then find nothing to do. A SQLite file that is not empty is copied first,
    to a file beside it. Raises UnusableDatabase; the caller must then roll back.
    """
    from alembic import command  # slow to load, and not needed if the schema is up to date
    from alembic.util import CommandError  # as above

    take_turns(connection)
    if revision(connection) == HEAD:
        return
    with backed_up(connection, HEAD), refusals_in_words("The schema can't be upgraded"):
        try:
            _move_version(connection)
            command.upgrade(config(connection, on_version_apply=_telling(connection, tell)), "head")
        except CommandError as error:
            raise UnusableDatabase(f"The schema can't be upgraded, it may be a newer version's: {error}") from error


def _telling(connection: Connection, tell: Tell) -> Callable[..., None]:
    """Return a function for Alembic to call after each revision; it reports the progress."""
    now = revision(connection) or "0"
    steps = int(HEAD) - int(now) if HEAD.isdigit() and now.isdigit() else 0  # another version's names may differ
    done = 0
    tell(done, steps)

    def applied(**_: object) -> None:
        nonlocal done
        done += 1
        tell(done, steps)

    return applied


def take_turns(connection: Connection) -> None:
    """Wait for other upgrades to finish; SQLite's transactions do that by themselves."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        # A row security policy of the site could hide rows from the upgrade. With this setting that is an error.
        connection.execute(text("SET LOCAL row_security = off"))


def _move_version(connection: Connection) -> None:
    """Move the revision of a database of the first release to our own version table."""
    if inspect(connection).has_table(VERSION_TABLE) or not _is_first_release(connection):
        return
    connection.execute(text("CREATE TABLE quart_auth_app_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO quart_auth_app_version SELECT version_num FROM alembic_version"))
    connection.execute(text("DROP TABLE alembic_version"))


def config(connection: Connection, **attributes: Any) -> Any:
    """Return Alembic's Config for our migrations; env.py reads `attributes`."""
    from alembic.config import Config  # as above

    made = Config(attributes={"connection": connection, **attributes}, cmd_opts=Namespace(quiet=True))
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return made
