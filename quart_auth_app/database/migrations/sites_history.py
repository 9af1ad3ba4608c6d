"""A site's own tables: they derive from `Base` and have migrations of their own, which run after ours.

The migrations are a folder of Alembic's revisions without an env.py: ours runs them. For a site without such a folder
missing tables are created, which is enough until one of them changes.
"""

import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, exists, inspect, select, text

from quart_auth_app.database import migrations
from quart_auth_app.database.migrations import VERSION_TABLE as OUR_VERSION_TABLE
from quart_auth_app.database.migrations import (
    UnusableDatabase,
    backed_up,
    config,
    refusals_in_words,
    sqlite_tables,
    take_turns,
)
from quart_auth_app.database.migrations.differences import is_beside_ours
from quart_auth_app.database.migrations.site import column_names
from quart_auth_app.models import OURS, Base, User, UtcDateTime

VERSION_TABLE = "alembic_version"
"""Alembic's default name, so that a site can continue migrations that it had before."""

CANT = "The site's tables can't be upgraded"
WRITE_ONE = "quart-auth-app --app MODULE db migration NAME"

_NUMBER = re.compile(r"(\d{4})_\w*")


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
    with copied, _no_rows_that_point_to_nothing(connection), _numbers_used_once(connection), refusals_in_words(CANT):
        try:
            with _indexes_of_expressions(connection):
                command.upgrade(_config(connection, folder), "heads")
        except CommandError as error:
            raise UnusableDatabase(f"{CANT}: {error}") from error


def write_migration(connection: Connection, folder: Path, name: str) -> Path | None:
    """Write a migration with what the models have and no migration makes. Return its file, None if nothing is missing.

    To compare, all migrations run from the beginning in a scratch schema. The caller must roll the transaction back.
    """
    from alembic import command  # as above

    from quart_auth_app.database.migrations import written_for_both  # as above

    if connection.dialect.name == "postgresql":
        connection.execute(text("CREATE SCHEMA quart_auth_app_scratch"))
        connection.execute(text("SET LOCAL search_path TO quart_auth_app_scratch"))
    migrations.upgrade(connection)
    folder.mkdir(exist_ok=True)
    upgrade(connection, folder)

    taken = [int(match[1]) for file in folder.glob("*.py") if (match := _NUMBER.fullmatch(file.stem))]
    is_first = not any(folder.glob("*.py"))

    def finish(_context: Any, _revision: Any, directives: list[Any]) -> None:
        changes = directives[0].upgrade_ops
        written_for_both.prepare(directives[0], dialect=connection.dialect.name)
        if changes.is_empty():
            directives.clear()
        elif is_first:
            _make_what_is_missing_only(changes.ops)

    with _indexes_of_expressions(connection):
        written = command.revision(
            _config(connection, folder, process_revision_directives=finish),
            message=name,
            rev_id=f"{max(taken, default=0) + 1:04}",
            autogenerate=True,
        )
    return Path(written.path) if written else None  # type: ignore[union-attr]  # one head, so one file


def _make_what_is_missing_only(operations: Iterable[Any]) -> None:
    # Before there was a folder, tables were created without a migration, so these may exist already.
    for each in operations:
        if hasattr(each, "ops"):
            _make_what_is_missing_only(each.ops)
        elif hasattr(each, "if_not_exists") and not hasattr(each, "column"):
            each.if_not_exists = True  # SQLite has no IF NOT EXISTS for a column


@contextmanager
def _indexes_of_expressions(connection: Connection) -> Iterator[None]:
    # SQLAlchemy can't reflect indexes of expressions, which the admin pages' search uses, and warns. So they would be
    # lost where Alembic rebuilds the table in SQLite.
    ours = text("SELECT sql FROM sqlite_master WHERE type = 'index' AND name LIKE 'quart_auth_app_user_%'")
    is_sqlite = connection.dialect.name == "sqlite"
    before = list(connection.scalars(ours)) if is_sqlite else []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index quart_auth_app_")
        yield
    if is_sqlite:
        for statement in set(before) - set(connection.scalars(ours)):
            connection.exec_driver_sql(statement)


def is_the_sites(thing: Any, name: str | None, kind: str, reflected: bool, counterpart: object) -> bool:
    """Return whether a table, column, index or constraint is not ours. For Alembic's `include_object`."""
    if kind == "table":
        # Our tables are compared too, if both sides have them: the site may have added columns to `User`.
        return counterpart is not None if name in OURS else name != OUR_VERSION_TABLE
    return is_beside_ours(thing)


def _is_at_heads(connection: Connection, folder: Path) -> bool:
    from alembic.script import ScriptDirectory  # as above

    heads = set(ScriptDirectory.from_config(_config(connection, folder)).get_heads())
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


def _config(connection: Connection, folder: Path, **attributes: Any) -> Any:
    made = config(
        connection,
        version_table=VERSION_TABLE,
        metadata=Base.metadata,
        include_object=is_the_sites,
        render_item=_render,
        **attributes,
    )
    made.set_main_option("path_separator", "newline")
    made.set_main_option("version_locations", str(folder).replace("%", "%%"))
    return made


def _render(kind: str, thing: object, _context: object) -> str | bool:
    # A migration must never change its meaning, so it must not import our types.
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(thing, UtcDateTime) else False


@contextmanager
def _no_rows_that_point_to_nothing(connection: Connection) -> Iterator[None]:
    """Check foreign keys at the end. They are off in SQLite: rebuilding a table would delete rows that point to it."""
    if connection.dialect.name != "sqlite":
        yield
        return
    check = text("SELECT count(*) FROM pragma_foreign_key_check")
    before = connection.execute(check).scalar_one()
    yield
    if connection.execute(check).scalar_one() > before:
        raise UnusableDatabase(f"{CANT}, nothing was changed: rows would point to nothing")


@contextmanager
def _numbers_used_once(connection: Connection) -> Iterator[None]:
    """Keep AUTOINCREMENT's highest numbers of our tables: a table that Alembic rebuilds in SQLite loses its own."""
    if connection.dialect.name != "sqlite":
        yield
        return
    highest = {str(name): int(seq) for name, seq in connection.execute(text("SELECT name, seq FROM sqlite_sequence"))}
    yield
    for name in OURS:
        if Base.metadata.tables[name].dialect_options["sqlite"]["autoincrement"]:
            sqlite_tables.set_autoincrement(connection, name, at_least=highest.get(name, 0))
