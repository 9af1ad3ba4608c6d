"""A new column or table is a line in the models and `make migration`, in a copy of the checkout."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from quart_auth_app.database import migrations
from tests.databases import KINDS
from tests.servers import ROOT

LINE = '    invited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)\n    """When the person was invited."""\n'
TABLE = '''

class Note(Base):
    """What somebody wants to remember."""

    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(20), index=True)
'''

SHOWS_IT = """
import asyncio, sys
from datetime import UTC, datetime
from quart_auth import login_required
from sqlalchemy import update
from quart_auth_app import User, create_app, current_user, transaction

async def main() -> None:
    app = create_app({"DATABASE_URL": sys.argv[1]})

    @app.get("/invited_at")
    @login_required
    async def invited() -> str:
        return f"{current_user.invited_at:%d %B %Y}"

    bob = {"email": "bob@example.com", "name": "Bob", "password": "sunny otter ladder 42"}
    async with app.test_app() as served:
        client = served.test_client()
        await client.post("/signup", form=bob)
        await client.post("/login", form=bob)
        async with app.app_context(), transaction() as db:
            await db.execute(update(User).values(invited_at=datetime(1815, 12, 10, tzinfo=UTC)))
        print(await (await client.get("/invited_at")).get_data(as_text=True))

asyncio.run(main())
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the checkout, as far as it is needed."""
    for name in ("quart_auth_app", "templates", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def run(copy: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run Python in the copy."""
    environment = os.environ | {"PYTHONPATH": str(copy)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)


def test_a_column_that_pages_show_is_one_line_and_one_migration(copy: Path) -> None:
    model = copy / "quart_auth_app" / "models" / "user.py"
    model.write_text(model.read_text() + LINE)
    written = run(copy, "-m", "tests.write_migration", "invited_at")
    revision = f"{int(migrations.HEAD) + 1:04}"
    (file,) = (copy / "quart_auth_app" / "database" / "migrations" / "versions").glob(f"{revision}_invited_at.py")
    assert written.stdout.startswith(str(file)), written.stderr
    source = file.read_text()
    assert f'down_revision = "{migrations.HEAD}"' in source
    assert re.search(r"refuse_columns\(connection, 'user', \['invited_at'\]\)", source)
    assert "sa.DateTime(timezone=True)" in source
    assert "dialect" not in source, "both kinds of database need the same"
    shown = run(copy, "-c", SHOWS_IT, f"sqlite:///{copy}/db.sqlite")
    assert shown.stdout.splitlines()[-1:] == ["10 December 1815"], shown.stdout + shown.stderr


def test_a_migration_that_was_written_brings_both_kinds_of_database_to_the_models(copy: Path) -> None:
    model = copy / "quart_auth_app" / "models" / "user.py"
    model.write_text(model.read_text().replace("String(1000)", "String(1001)") + LINE + TABLE)
    written = run(copy, "-m", "tests.write_migration", "Invitations, and notes")
    assert written.returncode == 0, written.stderr
    again = run(copy, "-m", "tests.write_migration", "again")
    assert "there is nothing to write" in again.stderr, again.stdout + again.stderr
    source = next(copy.rglob("*_invitations_and_notes.py")).read_text()
    assert "refuse_tables(connection, ['note'])" in source
    # SQLite knows no length, PostgreSQL does.
    assert (source.count("String(length=1001)") == 1) == ("postgresql" in KINDS)


def test_a_migration_of_an_index_alone_has_no_variable_that_it_does_not_use(copy: Path) -> None:
    model = copy / "quart_auth_app" / "models" / "user.py"
    before = "language: Mapped[str | None] = mapped_column(String(35))"
    model.write_text(model.read_text().replace(before, before.replace("(String(35))", "(String(35), index=True)")))
    written = run(copy, "-m", "tests.write_migration", "people by language")
    assert written.returncode == 0, written.stderr
    source = next(copy.rglob("*_people_by_language.py")).read_text()
    assert "op.create_index(op.f('ix_user_language')" in source
    assert "connection" not in source
