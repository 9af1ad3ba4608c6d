"""Writes the next migration: python -m tests.write_migration NAME, which is what `make migration` does.

A fresh database of each kind, at the newest revision, is compared with the models. What is missing there becomes the
new revision, which first refuses a database where the site has something of the same name.
"""

import asyncio
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations.ops import AddColumnOp, CreateTableOp, MigrateOperation, OpContainer, UpgradeOps
from sqlalchemy import Connection, make_url

from quart_auth_app.database import migrations
from quart_auth_app.database.migrations.differences import differences, options
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Base
from quart_auth_app.models.base import UtcDateTime
from tests import databases

VERSIONS = Path(migrations.__file__).parent / "versions"

TEMPLATE = '''"""{sentence}."""

import sqlalchemy as sa
from alembic import op

from quart_auth_app.database.migrations import site

revision = "{revision}"
down_revision = "{newest}"


def upgrade() -> None:
    """Change the schema."""
{body}
'''


def main(name: str) -> Path:
    """Write the migration and return its file. Raises SystemExit where there is nothing to write."""
    bodies = {}
    with tempfile.TemporaryDirectory() as folder, databases.template():
        for kind in databases.KINDS:
            with databases.new_databases(kind, Path(folder)) as new_database:
                bodies[kind] = asyncio.run(missing(new_database()))
    if not any(bodies.values()):
        raise SystemExit("The newest revision has all that the models have: there is nothing to write.")
    revision = f"{int(migrations.HEAD) + 1:04}"
    file = VERSIONS / f"{revision}_{re.sub(r'[^a-z0-9]+', '_', name.lower()).strip('_')}.py"
    sentence = name.replace("_", " ").strip().capitalize()
    lines = list(_for_all(bodies))
    if any("connection" in line for line in lines):  # an index needs none
        lines.insert(0, "connection = op.get_bind()")
    body = "\n".join(f"    {line}".rstrip() for line in lines)
    file.write_text(TEMPLATE.format(sentence=sentence, revision=revision, newest=migrations.HEAD, body=body))
    return file


async def missing(url: str) -> list[str]:
    """Return the lines of code that make this database like the models."""
    database = Database(make_url(url))
    try:
        async with database.engine.connect() as connection:
            return await connection.run_sync(_missing)
    finally:
        await database.close()


def _missing(connection: Connection) -> list[str]:
    if not differences(connection):
        return []
    context = MigrationContext.configure(connection, opts=options() | {"target_metadata": Base.metadata})
    found = produce_migrations(context, Base.metadata).upgrade_ops
    assert found
    code = render_python_code(found, render_item=_without_our_types, migration_context=context)
    lines = [line for line in code.splitlines() if not line.lstrip().startswith("#")]
    return [*_questions(found), *(line.removeprefix("    ") for line in lines)]


def _questions(found: UpgradeOps) -> Iterator[str]:
    """Return the lines that refuse a database in which the site has something of the same name."""
    operations = list(_flat(found))
    tables = [each.table_name for each in operations if isinstance(each, CreateTableOp)]
    if tables:
        yield f"site.refuse_tables(connection, {tables!r})"
    for each in operations:
        if isinstance(each, AddColumnOp):
            yield f"site.refuse_columns(connection, {each.table_name!r}, {[each.column.name]!r})"


def _flat(container: OpContainer) -> Iterator[MigrateOperation]:
    for each in container.ops:
        if isinstance(each, OpContainer):
            yield from _flat(each)
        else:
            yield each


def _without_our_types(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Name SQLAlchemy's types only, so that a migration doesn't change when our own types do."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def _for_all(bodies: dict[str, list[str]]) -> Iterator[str]:
    """Return the lines once if all kinds of database need the same ones, otherwise for each kind."""
    if all(lines == bodies["sqlite"] for lines in bodies.values()):
        yield from bodies["sqlite"]
        return
    for kind, lines in bodies.items():
        if lines:
            yield f'if connection.dialect.name == "{kind}":'
            yield from (f"    {line}" for line in lines)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not re.search(r"[a-z0-9]", sys.argv[1].lower()):
        sys.exit("What is it to be called? make migration NAME=invited_at")
    print(main(sys.argv[1]), "is written. Read it; what is to happen to rows that exist, it can't know.")
