"""The schema's history: followed whole or not at all, by one of many, on both databases."""

import asyncio
import shutil
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, make_url, text

from quart_auth_app.database import migrations
from quart_auth_app.database.migrations.differences import differences
from quart_auth_app.database.units_of_work import Database
from tests import cheap, databases
from tests.databases import SECRET_KEY, NewDatabase
from tests.servers import ROOT, running, started
from tests.waits import until_another_waits

NEWEST = migrations.HEAD

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{head}"


def upgrade():
    op.create_table("extra", sa.Column("id", sa.Integer, primary_key=True))
    op.add_column("user", sa.Column("extra", sa.Integer))
    op.execute("UPDATE \\"user\\" SET name = 'changed'")
    op.execute("{last_step}")
"""


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations' folder, which is used in its place."""
    folder = tmp_path / "migrations"
    shutil.copytree(Path(migrations.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrations, "__file__", str(folder / "__init__.py"))
    return folder


def add_revision(history: Path, monkeypatch: pytest.MonkeyPatch, last_step: str) -> None:
    """Add a revision to the history."""
    (history / "versions" / "next.py").write_text(NEXT.format(head=NEWEST, last_step=last_step))
    monkeypatch.setattr(migrations, "HEAD", "next")


def contents(connection: Connection) -> tuple[object, ...]:
    """Return tables, columns, revision and names."""
    columns = {
        table: [column["name"] for column in inspect(connection).get_columns(table)] for table in tables(connection)
    }
    return columns, migrations.revision(connection), connection.execute(text('SELECT name FROM "user"')).all()


def tables(connection: Connection) -> list[str]:
    """Return the tables' names."""
    return sorted(inspect(connection).get_table_names())


async def test_the_schema_that_the_history_leads_to_is_the_models(new_database: NewDatabase) -> None:
    database = Database(make_url(new_database()))
    await database.get_ready()
    async with database.reader.connect() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


async def test_an_upgrade_that_fails_half_way_leaves_all_as_it_was_and_the_next_one_succeeds(
    new_database: NewDatabase, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(make_url(new_database()))
    await database.get_ready()
    async with database.transaction() as db:
        await db.execute(text("INSERT INTO \"user\" (email, email_key, password, name) VALUES ('a', 'a', 'x', 'Bob')"))
    async with database.reader.connect() as connection:
        before = await connection.run_sync(contents)
    add_revision(history, monkeypatch, "INSERT INTO nowhere VALUES (1)")
    with pytest.raises(Exception, match="nowhere"):
        await database.schema.upgrade()
    async with database.reader.connect() as connection:
        assert await connection.run_sync(contents) == before
    add_revision(history, monkeypatch, "INSERT INTO extra VALUES (1)")
    await database.schema.upgrade()
    assert await database.schema.revision() == "next"
    await database.close()


async def test_of_two_machines_that_upgrade_at_once_one_does_it_and_the_other_waits(
    new_database: NewDatabase, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(new_database())
    one, other = Database(url), Database(url)
    await one.get_ready()
    add_revision(history, monkeypatch, "INSERT INTO extra VALUES (1)")
    async with one.engine.begin() as connection:
        await connection.run_sync(migrations.upgrade)
        waiting = asyncio.create_task(other.schema.upgrade())
        if other._writing:  # on SQLite it waits in the file, where nobody sees it
            await asyncio.wait([waiting], timeout=0.3)
            assert not waiting.done()
        else:
            await until_another_waits(one, connection, waiting)
    await waiting
    assert await other.schema.revision() == "next"
    await one.close()
    await other.close()


def test_several_workers_that_start_at_once_take_over_an_old_file_once(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parents[1] / "data" / "flask-3.1.sqlite", tmp_path / "db.sqlite")
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite", "PYTHONPATH": str(ROOT)}
    with running(tmp_path, environment, workers=4, application=cheap.APPLICATION) as server:
        person = {"email": "bob@example.com", "password": "old secret 0"}
        assert server.visitor().post("/login", person).headers["Location"] == "/profile"
    assert len(list(tmp_path.glob("db.sqlite.before-*"))) == 1
    assert "Traceback" not in server.log.read_text()


@pytest.mark.skipif(not databases.POSTGRES, reason="TEST_POSTGRES_URL is not set")
def test_a_server_whose_postgresql_schema_is_stale_refuses_to_start_and_says_the_command(tmp_path: Path) -> None:
    with databases.new_databases("postgresql", tmp_path) as new:
        url = new()
        databases.run(make_stale(url))
        environment = {"DATABASE_URL": url, "SECRET_KEY": SECRET_KEY}
        with started(tmp_path, environment, workers=2) as server:
            server.process.wait(20)
    said = server.log.read_text()
    assert "Run: quart-auth-app db upgrade" in said
    assert "Traceback" not in said


async def make_stale(url: str) -> None:
    """Set the database back to before its first revision."""
    database = Database(make_url(url))
    async with database.transaction() as db:
        await db.execute(text("DELETE FROM quart_auth_app_version"))
    await database.close()
