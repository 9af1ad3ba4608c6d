"""What Alembic is told of a site's own tables: which they are, and how its migrations are written."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from quart_auth_app.database.migrations import VERSION_TABLE as OUR_VERSION_TABLE
from quart_auth_app.database.migrations import config
from quart_auth_app.database.migrations.differences import is_beside_ours
from quart_auth_app.models import OURS, Base, UtcDateTime

VERSION_TABLE = "alembic_version"
"""Alembic's default name, so that a site can continue migrations that it had before."""


def config_of(connection: Connection, folder: Path, **attributes: Any) -> Any:
    """Return Alembic's Config for the migrations in `folder`."""
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


def is_the_sites(thing: Any, name: str | None, kind: str, reflected: bool, counterpart: object) -> bool:
    """Return whether a table, column, index or constraint is not ours. For Alembic's `include_object`."""
    if kind == "table":
        # Our tables are compared too, if both sides have them: the site may have added columns to `User`.
        return counterpart is not None if name in OURS else name != OUR_VERSION_TABLE
    return is_beside_ours(thing)


def _render(kind: str, thing: object, _context: object) -> str | bool:
    # A migration must never change its meaning, so it must not import our types.
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(thing, UtcDateTime) else False
