"""A site's own tables and columns follow ours, by migrations with a history of their own.

A site's models join `Base`, for good, so each site here lives in a process of its own.
"""

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from quart_auth_app.database.schema import SchemaOutdated
from quart_auth_app.database.units_of_work import Database
from tests.databases import SECRET_KEY, NewDatabase
from tests.servers import ROOT

NOTE = """
class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

class Line(Base):
    __tablename__ = "line"
    id: Mapped[int] = mapped_column(primary_key=True)
    note_id: Mapped[int] = mapped_column(ForeignKey("note.id", ondelete="CASCADE"))
"""
TITLE = '    title: Mapped[str] = mapped_column(Text, default="", server_default="")\n'
PERSON = """
class Person(User):
    birthday: Mapped[date | None]
    place: Mapped[str | None] = mapped_column(String(50), index=True)
"""
SITE = """
from datetime import date, datetime
from enum import Enum
from quart_auth_app import Base, User, create_app
from quart_auth_app.models import UtcDateTime
from sqlalchemy import Enum as NativeEnum
from sqlalchemy import ForeignKey, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column
{models}
{app}
"""
ALONE = "app = create_app(import_name=__name__)"
JOINED = """
from quart import Quart
from quart_auth_app import Accounts
app = Quart(__name__)
Accounts(app, import_name=__name__)
"""

COMMANDS = """
import sys
from click import ClickException
from quart_auth_app.cli import main

for line in sys.argv[1:]:
    try:
        main(["--app", "site_of_ours", *line.split()], standalone_mode=False)
    except ClickException as error:
        print(error.message)
    except SystemExit as end:
        print("exit code", end.code)
"""
Run = Callable[..., str]


@pytest.fixture
def url(new_database: NewDatabase) -> str:
    """The address of a database with our tables."""
    return new_database()


@pytest.fixture
def run(url: str, tmp_path: Path) -> Run:
    """Run commands, one after another, for a site with these models; return what they say."""
    settings = {"DATABASE_URL": url, "SECRET_KEY": SECRET_KEY, "PYTHONPATH": str(ROOT)}

    def run(*commands: str, models: str, app: str = ALONE) -> str:
        (tmp_path / "site_of_ours.py").write_text(SITE.format(models=models, app=app))
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", COMMANDS, *commands],
            cwd=tmp_path, env=os.environ | settings, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert not done.returncode, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.mark.slow
async def test_tables_and_columns_are_made_and_changed_by_migrations(run: Run, url: str, tmp_path: Path) -> None:
    run("db upgrade", models=NOTE)
    await execute(
        url,
        """INSERT INTO "user" (id, email, email_key, name, password) VALUES (1, 'a@b.example', 'a', 'Ann', '')""",
        "INSERT INTO note (id, user_id, at) VALUES (1, 1, '2030-01-01 00:00:00')",
        "INSERT INTO line VALUES (1, 1)",
    )
    # The tables were made without a history; the first migration finds them there.
    assert "nothing to write" in run("db migration notes", "db migration again", "db upgrade", models=NOTE)

    models = NOTE.replace("class Line", f"{TITLE}\nclass Line") + PERSON
    said = run("db migration persons", "db upgrade", "db check", "db migration again", models=models)
    assert "The schema is this version's." in said
    assert "nothing to write" in said
    written = (tmp_path / "migrations" / "0002_persons.py").read_text()
    assert set(re.findall(r"add_column\((?:'user', )?sa.Column\('(\w+)'", written)) == {"title", "birthday", "place"}
    assert "quart_auth_app" not in written
    assert await execute(url, 'SELECT name, birthday, place FROM "user"') == [("Ann", None, None)]
    assert await execute(url, "SELECT note_id FROM line") == [(1,)]


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_column_without_a_migration_is_told_at_the_start(run: Run) -> None:
    said = run("db upgrade", models=PERSON)
    assert "no migration makes user.birthday and user.place. Run: quart-auth-app --app MODULE db migration NAME" in said


@pytest.mark.slow
async def test_an_application_that_the_accounts_join_has_migrations_too(run: Run, url: str) -> None:
    said = run("db migration persons", "db upgrade", "db migration again", models=PERSON, app=JOINED)
    assert "nothing to write" in said
    assert await execute(url, 'SELECT birthday, place FROM "user"') == []


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("app", [JOINED, ALONE])
async def test_a_site_without_a_place_for_migrations_is_told_how_to_have_one(run: Run, app: str) -> None:
    said = run("db migration persons", models=PERSON, app=app.replace("import_name=__name__", ""))
    assert "no place for migrations. Give create_app, or Accounts, import_name=__name__." in said


SHELF = """
class Size(Enum):
    S = "small"

class Town(Base):
    __tablename__ = "town"
    id: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[Size]
"""
CUSTOMER = """
class Customer(User):
    size: Mapped[Size | None]
    cut: Mapped[Size | None] = mapped_column(NativeEnum(Size, name="cut"))
    is_regular: Mapped[bool] = mapped_column(server_default=text("false"))
    nick: Mapped[str | None] = mapped_column(String(30), index=True, unique=True)
    friend_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    town_id: Mapped[int | None] = mapped_column(ForeignKey("town.id", ondelete="SET NULL"))
"""
TOWNS_OWN = """    cut: Mapped[Size | None] = mapped_column(NativeEnum(Size, name="cut"))
    county_id: Mapped[int | None] = mapped_column(ForeignKey("town.id"))
"""
ANN = """INSERT INTO "user" (id, email, email_key, name, password) VALUES (7, 'a@b.example', 'a', 'Ann', '')"""


@pytest.mark.slow
async def test_columns_of_many_kinds_are_added_to_the_user_on_either_database(
    run: Run, url: str, tmp_path: Path
) -> None:
    run("db upgrade", models="")
    await execute(url, ANN)
    said = run("db migration first", "db upgrade", "db check", "db migration again", models=SHELF + CUSTOMER)
    assert "The schema is this version's." in said
    assert "nothing to write" in said
    await execute(
        url,
        "INSERT INTO town (id, size) VALUES (1, 'S')",
        """UPDATE "user" SET cut = 'S', size = 'S', nick = 'a', friend_id = 7, town_id = 1""",
        "DELETE FROM town",
    )
    assert await execute(url, 'SELECT is_regular, friend_id, town_id FROM "user"') == [(False, 7, None)]
    said = run("db migration more", "db upgrade", "db migration again", models=SHELF + TOWNS_OWN + CUSTOMER)
    assert "nothing to write" in said
    assert await execute(url, "SELECT cut, county_id FROM town") == []


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_user_table_that_alembic_makes_anew_gives_no_number_twice(run: Run, url: str, tmp_path: Path) -> None:
    run("db migration first", "db upgrade", models=SHELF + CUSTOMER)
    await execute(url, ANN, 'DELETE FROM "user"')
    without = CUSTOMER.replace("String(30)", "String(40)").replace("friend_id", "# friend_id")
    assert "nothing to write" in run("db migration less", "db upgrade", "db migration again", models=SHELF + without)
    assert "batch_op.drop_column('friend_id')" in (tmp_path / "migrations" / "0002_less.py").read_text()
    await execute(url, ANN.replace("(id, ", "(").replace("(7, ", "("))
    assert await execute(url, 'SELECT id FROM "user"') == [(8,)]


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_what_sqlite_could_not_add_is_told_before_it_is_written(run: Run, tmp_path: Path) -> None:
    said = run("db migration first", models=SHELF + CUSTOMER.replace("index=True, ", ""))
    assert "SQLite can't add a constraint to user.nick. Say index=True too" in said
    assert not list((tmp_path / "migrations").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_column_that_new_users_could_not_fill_is_told_before_it_is_written(run: Run, tmp_path: Path) -> None:
    said = run("db migration first", models=SHELF + CUSTOMER.replace('server_default=text("false")', ""))
    assert "user.is_regular may not be empty and has no server_default" in said
    assert not list((tmp_path / "migrations").glob("*.py"))


REBUILD = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    op.create_table("shelf", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.String(9)))
    op.create_table("book", sa.Column("shelf_id", sa.Integer(), sa.ForeignKey("shelf.id", ondelete="CASCADE")))
    op.execute("INSERT INTO shelf (id) VALUES (1)")
    op.execute("INSERT INTO book VALUES ({shelf})")
    with op.batch_alter_table("shelf") as shelf:
        shelf.alter_column("name", type_=sa.String(20))
"""


@pytest.fixture
async def site(url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """The database of a site that has migrations and no models."""
    (tmp_path / "migrations").mkdir()
    database = Database(make_url(url), sites_migrations=tmp_path / "migrations")
    yield database
    await database.close()


async def test_a_table_made_anew_keeps_what_points_to_it(site: Database, url: str, tmp_path: Path) -> None:
    (tmp_path / "migrations" / "0001_books.py").write_text(REBUILD.format(shelf=1))
    await site.schema.upgrade()
    assert await execute(url, "SELECT shelf_id FROM book") == [(1,)]
    assert await execute(url, "SELECT version_num FROM alembic_version") == [("0001",)]


async def test_a_migration_that_leaves_rows_pointing_to_nothing_is_refused(
    site: Database, url: str, tmp_path: Path
) -> None:
    (tmp_path / "migrations" / "0001_books.py").write_text(REBUILD.format(shelf=2))
    with pytest.raises(SchemaOutdated, match="The site's tables can't be upgraded, nothing was changed"):
        await site.schema.upgrade()
    with pytest.raises(Exception, match="book"):
        await execute(url, "SELECT * FROM book")


async def test_a_site_on_postgresql_is_told_of_a_migration_that_waits(site: Database, tmp_path: Path) -> None:
    (tmp_path / "migrations" / "0001_books.py").write_text(REBUILD.format(shelf=1))
    if site.url.get_backend_name() == "sqlite":
        await site.get_ready()
        return
    with pytest.raises(SchemaOutdated, match="Run: quart-auth-app db upgrade"):
        await site.get_ready()


async def execute(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Run statements, and return what the last one answers."""
    database = Database(make_url(url))
    try:
        async with database.engine.begin() as connection:
            for statement in statements:
                result = await connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        await database.close()


ENV = """
from alembic import context
from quart_auth_app import Base, is_the_sites
from sqlalchemy import create_engine
import site_of_ours

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.begin() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, include_object=is_the_sites)
    context.run_migrations()
engine.dispose()
"""


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_sites_own_alembic_leaves_our_tables_alone(run: Run, url: str, tmp_path: Path) -> None:
    run("db upgrade", models="")
    (tmp_path / "site_of_ours.py").write_text(SITE.format(models=NOTE + PERSON, app=ALONE))
    home = tmp_path / "alembic"
    settings = os.environ | {
        "DATABASE_URL": url,
        "SECRET_KEY": SECRET_KEY,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}",
    }

    def alembic(*words: str) -> str:
        command = [sys.executable, "-m", "alembic", *words]
        done = subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    alembic("init", str(home))
    (home / "env.py").write_text(ENV)
    ini = tmp_path / "alembic.ini"
    ini.write_text(re.sub(r"(?m)^sqlalchemy.url = .*$", f"sqlalchemy.url = {url}", ini.read_text()))
    alembic("revision", "--autogenerate", "-m", "ours")
    written = next((home / "versions").glob("*.py")).read_text()
    assert set(re.findall(r"(?:create|drop)_table\(\s*['\"](\w+)", written)) == {"note", "line"}
    assert set(re.findall(r"add_column\('(\w+)', sa.Column\('(\w+)'", written)) == {
        ("user", "birthday"),
        ("user", "place"),
    }
    (written_file,) = (home / "versions").glob("*.py")
    # What knows no UtcDateTime of ours is written by hand.
    written_file.write_text(re.sub(r"quart_auth_app\.models\.base\.UtcDateTime\([^)]*\)", "sa.DateTime()", written))
    alembic("upgrade", "head")
    assert "No new upgrade operations detected" in alembic("check")
