"""Nothing that is a site's own is touched by an upgrade: columns, rows, references, indexes, triggers and views."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, make_url, select, text
from sqlalchemy import table as table_

from quart_auth_app.database import migrations
from quart_auth_app.database.migrations.differences import differences
from quart_auth_app.database.schema import SchemaOutdated
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Base
from tests import databases
from tests.conftest import MakeApp
from tests.databases import NewDatabase
from tests.people import BOB

DATA = Path(__file__).parents[1] / "data"
EMPTY = ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"]

USER = """CREATE TABLE "user" (
    id {key}, email VARCHAR(100) UNIQUE, password VARCHAR(100), name VARCHAR(1000)
)"""
OWN = [
    'ALTER TABLE "user" ADD COLUMN birthday DATE',
    "ALTER TABLE \"user\" ADD COLUMN place VARCHAR(40) DEFAULT 'here' NOT NULL",
    "UPDATE \"user\" SET birthday = '2001-02-03' WHERE id = 1",
    'CREATE TABLE cascading (id INTEGER PRIMARY KEY, body TEXT, user_id INT REFERENCES "user"(id) ON DELETE CASCADE)',
    'CREATE TABLE nulling (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES "user"(id) ON DELETE SET NULL)',
    'CREATE TABLE plain (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES "user"(id))',
    "INSERT INTO cascading VALUES (1, 'a post', 1)",
    "INSERT INTO nulling VALUES (1, 3)",
    "INSERT INTO plain VALUES (1, 1), (2, 3)",
    'CREATE INDEX by_birthday ON "user" (birthday)',
    'CREATE UNIQUE INDEX own_place ON "user" (place) WHERE birthday IS NOT NULL',
]
VIEW = 'CREATE VIEW born AS SELECT id, birthday FROM "user" WHERE birthday IS NOT NULL'
TRIGGER = (
    'CREATE TRIGGER noted AFTER UPDATE ON "user" '
    "BEGIN INSERT INTO cascading (user_id, body) VALUES (new.id, 'changed'); END"
)
TABLES = ["cascading", "nulling", "plain"]


def run(connection: Connection, statements: list[str]) -> None:
    """Carry out all statements."""
    for statement in statements:
        connection.execute(text(statement))


def own(connection: Connection) -> list[object]:
    """Return all rows that are the site's own."""
    columns = connection.execute(text('SELECT id, email, password, name, birthday, place FROM "user" ORDER BY id'))
    rows = [connection.execute(select("*").select_from(table_(name)).order_by(text("id"))).all() for name in TABLES]
    return [columns.all(), *rows, connection.execute(text("SELECT * FROM born")).all()]


def schema(connection: Connection) -> dict[str, str]:
    """Return the text of everything in a SQLite file's schema that is not ours."""
    query = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name IN (:a, :b, :c, :d, :e, :f, :g)"
    names = dict(zip("abcdefg", [*TABLES, "by_birthday", "own_place", "born", "noted"], strict=True))
    return {row.name: row.sql for row in connection.execute(text(query), names)}


async def prepared(url: str, statements: list[str]) -> Database:
    """Return a database in which these statements were carried out before anything of ours was there."""
    database = Database(make_url(url))
    async with database.engine.begin() as connection:
        await connection.run_sync(run, statements)
    return database


@pytest.mark.parametrize("made_by", ["flask-2.2", "flask-3.1"])
async def test_a_tutorials_file_keeps_everything(tmp_path: Path, made_by: str) -> None:
    file = shutil.copy(DATA / f"{made_by}.sqlite", tmp_path / "db.sqlite")
    database = await prepared(f"sqlite:///{file}", [*OWN, VIEW, TRIGGER])
    async with database.reader.connect() as connection:
        before = await connection.run_sync(own), await connection.run_sync(schema)
    await database.schema.upgrade()
    async with database.reader.connect() as connection:
        assert (await connection.run_sync(own), await connection.run_sync(schema)) == before
        assert await connection.run_sync(differences) == []
        assert (await connection.execute(text("PRAGMA foreign_key_check"))).all() == []
        assert (await connection.execute(text("PRAGMA integrity_check"))).all() == [("ok",)]
    await database.schema.upgrade()
    await database.close()


@pytest.mark.skipif(not databases.POSTGRES, reason="TEST_POSTGRES_URL is not set")
async def test_a_tutorials_postgresql_keeps_everything(tmp_path: Path) -> None:
    people = (
        'INSERT INTO "user" (id, email, password, name) '
        "VALUES (1, 'bob@x.org', 'x', 'Bob'), (3, 'eve@x.org', 'x', 'Eve')"
    )
    with databases.new_databases("postgresql", tmp_path) as new:
        database = await prepared(new(), [*EMPTY, USER.format(key="SERIAL PRIMARY KEY"), people, *OWN, VIEW])
        async with database.reader.connect() as connection:
            before = await connection.run_sync(own)
        await database.schema.upgrade()
        await database.close()  # its connections know the table's old form by heart
        async with database.reader.connect() as connection:
            assert await connection.run_sync(own) == before
            assert await connection.run_sync(differences) == []
        await database.close()


@pytest.mark.parametrize("table", ["session", "attempts"])
async def test_a_table_of_the_sites_own_in_the_way_is_named_and_nothing_changes(tmp_path: Path, table: str) -> None:
    file = shutil.copy(DATA / "flask-3.1.sqlite", tmp_path / "db.sqlite")
    database = await prepared(f"sqlite:///{file}", [*OWN, VIEW, f"CREATE TABLE {table} (id INTEGER)"])
    async with database.reader.connect() as connection:
        before = await connection.run_sync(own), await connection.run_sync(schema)
    with pytest.raises(SchemaOutdated, match=f"named {table}"):
        await database.schema.upgrade()
    async with database.reader.connect() as connection:
        assert (await connection.run_sync(own), await connection.run_sync(schema)) == before
    assert await database.schema.revision() is None
    await database.close()


async def test_a_number_is_never_given_twice(new_database: NewDatabase) -> None:
    database = Database(make_url(new_database()))
    insert = "INSERT INTO \"user\" (email, email_key, password, name) VALUES ('a', 'a', 'x', 'A') RETURNING id"
    async with database.transaction() as db:
        first = await db.scalar(text(insert))
        await db.execute(text('DELETE FROM "user"'))
        second = await db.scalar(text(insert))
    assert first is not None
    assert second is not None
    assert second > first
    await database.close()


async def test_no_table_of_ours_gives_a_number_twice(new_database: NewDatabase, database_kind: str) -> None:
    """In SQLite the number of the row that was deleted last is given again, unless the table says otherwise."""
    numbered = [table for table in Base.metadata.sorted_tables if table.autoincrement_column is not None]
    assert len(numbered) > 10
    assert all(table.dialect_options["sqlite"]["autoincrement"] for table in numbered)
    if database_kind == "sqlite":
        database = Database(make_url(new_database()))
        async with database.reader.connect() as connection:
            rows = await connection.execute(text("SELECT name, sql FROM sqlite_schema"))
            schema: dict[str, str] = {row.name: row.sql for row in rows}
        assert [table.name for table in numbered if "AUTOINCREMENT" not in schema[table.name]] == []
        await database.close()


async def test_a_session_is_over_whose_user_is_gone_even_if_foreign_keys_were_off(
    make_app: MakeApp, new_database: NewDatabase, database_kind: str
) -> None:
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL's can't be left out")
    url = new_database()
    client = make_app(DATABASE_URL=url).test_client()
    await client.post("/signup", form=BOB)
    await client.post("/login", form=BOB)
    with closing(sqlite3.connect(make_url(url).database or "", isolation_level=None)) as others:  # a tool of the site's
        others.execute('DELETE FROM "user"')
        assert others.execute("SELECT count(*) FROM session").fetchone() == (1,)
    assert (await client.get("/profile")).status_code == 302


async def test_the_sites_own_alembic_is_left_alone(tmp_path: Path) -> None:
    file = shutil.copy(DATA / "flask-3.1.sqlite", tmp_path / "db.sqlite")
    theirs = ["CREATE TABLE alembic_version (version_num VARCHAR(32))", "INSERT INTO alembic_version VALUES ('abc')"]
    database = await prepared(f"sqlite:///{file}", theirs)
    await database.schema.upgrade()
    assert await database.schema.revision() == migrations.HEAD
    async with database.reader.connect() as connection:
        assert await connection.scalar(text("SELECT version_num FROM alembic_version")) == "abc"
    await database.close()
