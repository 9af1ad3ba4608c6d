"""How a database's schema differs from the models. A site's own tables, columns and indexes don't count."""

from typing import Any

from sqlalchemy import Column, Connection, Integer, String, UniqueConstraint
from sqlalchemy.types import TypeEngine

from quart_auth_app.database.migrations import VERSION_TABLE
from quart_auth_app.database.migrations.site import is_unique, no_warnings_of_a_sites_own
from quart_auth_app.models import OURS, Base


def differences(connection: Connection) -> list[Any]:
    """Return the changes that would make the schema match the models, in Alembic's form."""
    from alembic.autogenerate import compare_metadata  # slow to load
    from alembic.migration import MigrationContext  # as above

    with no_warnings_of_a_sites_own():
        found = compare_metadata(MigrationContext.configure(connection, opts=options()), Base.metadata)
    return [each for each in found if not _is_there_in_another_form(connection, each)]


def options() -> dict[str, Any]:
    """Return Alembic's options for comparing a database with our models."""
    return {
        "version_table": VERSION_TABLE,
        "include_name": _is_read,
        "include_object": is_ours,
        "compare_type": _is_worse,
    }


def _is_read(name: str | None, kind: str, _parents: object) -> bool:
    # A site's tables are not even reflected: SQLAlchemy fails for some of them.
    return kind != "table" or name in OURS


def is_ours(thing: Any, name: str | None, kind: str, reflected: bool, counterpart: object) -> bool:
    """Return whether Alembic compares this. What is only in the database, or was added to our models, is the site's."""
    if reflected:
        return counterpart is not None
    return name in OURS if kind == "table" else not is_beside_ours(thing)


def is_beside_ours(thing: Any) -> bool:
    """Return whether a column, or any column of an index or a constraint, is the site's."""
    names = {thing.name} if isinstance(thing, Column) else {column.name for column in thing.columns}
    return thing.table.name not in OURS or not names <= OURS[thing.table.name]


def _is_worse(context: Any, _column: object, _model: object, there: TypeEngine[Any], ours: TypeEngine[Any]) -> Any:
    """Return whether a column's type can hold less than ours; None leaves the decision to Alembic."""
    if isinstance(there, String) and isinstance(ours, String):
        # SQLite ignores the length.
        is_enough = context.dialect.name == "sqlite" or there.length is None or there.length >= (ours.length or 0)
        return not is_enough
    if isinstance(there, Integer) and isinstance(ours, Integer):
        return False
    return None


def _is_there_in_another_form(connection: Connection, difference: Any) -> bool:
    """Return whether the database has something equivalent.

    A unique index is as good as a unique constraint. Comments are the site's. SQLite's INTEGER PRIMARY KEY is never
    NULL, with or without NOT NULL.
    """
    if isinstance(difference, list):
        return all(
            action == "modify_comment"
            or (connection.dialect.name == "sqlite" and action == "modify_nullable" and column == "id")
            for action, _, _, column, *_ in difference
        )
    if difference[0] == "remove_table_comment":
        return True
    if difference[0] != "add_constraint" or not isinstance(difference[1], UniqueConstraint):
        return False
    return is_unique(connection, difference[1].table.name, [column.name for column in difference[1].columns])
