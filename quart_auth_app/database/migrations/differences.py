"""In what a database's schema differs from the models. A site's own tables, columns and indexes are no difference."""

from typing import Any

from sqlalchemy import Connection, Integer, String, UniqueConstraint
from sqlalchemy.types import TypeEngine

from quart_auth_app.database.migrations import VERSION_TABLE
from quart_auth_app.database.migrations.site import indexes_of_expressions_unread, is_unique


def differences(connection: Connection) -> list[Any]:
    """Return what has to be done for the schema to be as the models are, as Alembic tells it."""
    from alembic.autogenerate import compare_metadata  # takes a while to load
    from alembic.migration import MigrationContext  # as above

    from quart_auth_app.models import Base  # as above

    options = {"version_table": VERSION_TABLE, "include_object": is_ours, "compare_type": _is_worse}
    with indexes_of_expressions_unread():
        found = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
    return [each for each in found if not _is_there_in_another_form(connection, each)]


def is_ours(_object: object, _name: str | None, _kind: str, reflected: bool, counterpart: object) -> bool:
    """Return whether Alembic has to look at it: what is only in the database is the site's."""
    return not (reflected and counterpart is None)


def _is_worse(context: Any, _column: object, _model: object, there: TypeEngine[Any], ours: TypeEngine[Any]) -> Any:
    """Return whether a column's type holds less than ours; None leaves the question to Alembic."""
    if isinstance(there, String) and isinstance(ours, String):
        # SQLite ignores the length.
        is_enough = context.dialect.name == "sqlite" or there.length is None or there.length >= (ours.length or 0)
        return not is_enough
    if isinstance(there, Integer) and isinstance(ours, Integer):
        return False
    return None


def _is_there_in_another_form(connection: Connection, difference: Any) -> bool:
    """Return whether what is missing is there after all.

    A unique index does what a unique constraint does. And SQLite's INTEGER PRIMARY KEY holds no NULL, said or not.
    """
    if isinstance(difference, list):
        return connection.dialect.name == "sqlite" and all(
            action == "modify_nullable" and column == "id" for action, _, _, column, *_ in difference
        )
    if difference[0] != "add_constraint" or not isinstance(difference[1], UniqueConstraint):
        return False
    return is_unique(connection, difference[1].table.name, [column.name for column in difference[1].columns])
