"""Writing a site's next migration, from what its models have and its migrations don't make."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from quart_auth_app.database import migrations
from quart_auth_app.database.migrations.rebuilt_tables import indexes_of_expressions
from quart_auth_app.database.migrations.sites_alembic import config_of
from quart_auth_app.database.migrations.sites_history import upgrade

_NUMBER = re.compile(r"(\d{4})_\w*")


def write_migration(connection: Connection, folder: Path, name: str) -> Path | None:
    """Write a migration with what the models have and no migration makes. Return its file, None if nothing is missing.

    To compare, all migrations run from the beginning in a scratch schema. The caller must roll the transaction back.
    """
    from alembic import command  # slow to load

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

    with indexes_of_expressions(connection):
        written = command.revision(
            config_of(connection, folder, process_revision_directives=finish),
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
