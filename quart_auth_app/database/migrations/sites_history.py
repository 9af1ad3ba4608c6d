"""A site's own tables: they derive from `Base` and have migrations of their own, which run after ours.

The migrations are a folder of Alembic's revisions without an env.py: ours runs them. For a site without such a folder
missing tables are created, which is enough until one of them changes.
"""

from contextlib import nullcontext
from pathlib import Path

from sqlalchemy import Connection, Table, exists, inspect, select, text

from quart_auth_app.database.migrations import UnusableDatabase, backed_up, refusals_in_words, take_turns
from quart_auth_app.database.migrations.rebuilt_tables import (
    CANT,
    indexes_of_expressions,
    no_rows_that_point_to_nothing,
    numbers_used_once,
)
from quart_auth_app.database.migrations.site import column_names
from quart_auth_app.database.migrations.sites_alembic import VERSION_TABLE, config_of
from quart_auth_app.models import OURS, Base, User

WRITE_ONE = "quart-auth-app --app MODULE db migration NAME"


def folder_in(root: Path) -> Path:
    """Return the folder of the migrations of a site whose files are in `root`; it may not exist yet."""
    folder = root / "migrations"
    alembics = folder / "versions"
    return alembics if alembics.is_dir() else folder


def is_up_to_date(connection: Connection, folder: Path | None) -> bool:
    """Return whether `upgrade` has nothing to do."""
    if folder and folder.is_dir():
        return _is_at_heads(connection, folder)
    return not _missing_tables(connection) and not _missing_columns(connection)


def upgrade(connection: Connection, folder: Path | None) -> None:
    """Run the new migrations in `folder`, or without a folder create missing tables, in `connection`'s transaction.

    Raises UnusableDatabase; the caller must then roll back.
    """
    take_turns(connection)
    if is_up_to_date(connection, folder):
        return
    if not (folder and folder.is_dir()):
        if columns := _missing_columns(connection):
            raise UnusableDatabase(f"{CANT}, no migration makes {' and '.join(columns)}. Run: {WRITE_ONE}")
        Base.metadata.create_all(connection, tables=_missing_tables(connection))
        return
    from alembic import command  # slow to load, and not needed if the schema is up to date
    from alembic.util import CommandError  # as above

    copied = backed_up(connection, "migrations") if _is_used(connection) else nullcontext()
    with copied, no_rows_that_point_to_nothing(connection), numbers_used_once(connection), refusals_in_words(CANT):
        try:
            with indexes_of_expressions(connection):
                command.upgrade(config_of(connection, folder), "heads")
        except CommandError as error:
            raise UnusableDatabase(f"{CANT}: {error}") from error


def _is_at_heads(connection: Connection, folder: Path) -> bool:
    from alembic.script import ScriptDirectory  # as above

    heads = set(ScriptDirectory.from_config(config_of(connection, folder)).get_heads())
    return heads == _revisions(connection)


def _revisions(connection: Connection) -> set[str]:
    if not inspect(connection).has_table(VERSION_TABLE):
        return set()
    return set(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


def _is_used(connection: Connection) -> bool:
    return bool(_revisions(connection)) or connection.scalar(select(exists().where(User.id.is_not(None)))) or False


def _missing_tables(connection: Connection) -> list[Table]:
    own = [table for name, table in Base.metadata.tables.items() if name not in OURS]
    there = set(inspect(connection).get_table_names()) if own else set()
    return [table for table in own if table.name not in there]


def _missing_columns(connection: Connection) -> list[str]:
    own = {name: {*Base.metadata.tables[name].columns.keys()} - ours for name, ours in OURS.items()}
    return [
        f"{table}.{column}"
        for table, columns in own.items()
        if columns
        for column in sorted(columns - column_names(connection, table))
    ]
