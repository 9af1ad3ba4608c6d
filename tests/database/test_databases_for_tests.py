"""A database that tests use one after the other is like a new one to each of them."""

from pathlib import Path

import asyncpg
import pytest

from quart_auth_app.testing.people import PASSWORD
from tests import databases, reused

pytestmark = pytest.mark.skipif(not databases.POSTGRES, reason="TEST_POSTGRES_URL is not set")

ADD_BOB = 'INSERT INTO "user" (email, email_key, name, password) VALUES ($1, $1, $1, $1) RETURNING id'


async def the_next(folder: Path) -> str:
    """Return the address of the database that the next test would get."""
    with databases.new_databases("postgresql", folder) as new:
        return new()


async def test_it_has_no_rows_and_numbers_begin_at_1(tmp_path: Path) -> None:
    for _ in range(2):
        with databases.new_databases("postgresql", tmp_path) as new:
            used = new()
            connection = await asyncpg.connect(used)
            assert await connection.fetchval(ADD_BOB, PASSWORD) == 1
            await connection.close()
    assert await the_next(tmp_path) == used


CHANGES = [
    "CREATE TABLE orders (id INT)",
    'DROP TABLE "session" CASCADE',
    'ALTER TABLE "user" ADD COLUMN birthday DATE',
    'ALTER TABLE "user" ALTER COLUMN name DROP NOT NULL',
    'CREATE INDEX ours ON "user" (name)',
    "CREATE VIEW people AS SELECT 1",
    "CREATE FUNCTION one() RETURNS INT LANGUAGE SQL AS 'SELECT 1'",
    "ALTER SEQUENCE user_id_seq INCREMENT 7",
    "UPDATE quart_auth_app_version SET version_num = '0001'",
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''1MB''', current_database()); END $$",
    'ALTER TABLE "user" RENAME TO person',
]


async def test_each_change_of_its_schema_or_settings_is_seen_and_it_is_used_no_more(tmp_path: Path) -> None:
    with databases.new_databases("postgresql", tmp_path) as new:
        used = new()
        for change in CHANGES:
            before = await reused.schema(used)
            connection = await asyncpg.connect(used)
            await connection.execute(change)
            await connection.close()
            assert await reused.schema(used) != before, change
    assert await the_next(tmp_path) != used
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(used)


async def test_one_that_has_grown_is_used_no_more(tmp_path: Path) -> None:
    with databases.new_databases("postgresql", tmp_path) as new:
        used = new()
        connection = await asyncpg.connect(used)
        people = [(f"{number}@example.com" + "x" * 80,) for number in range(3000)]
        await connection.executemany(ADD_BOB, people)
        await connection.close()
    assert await the_next(tmp_path) != used


async def test_a_connection_that_a_test_left_open_is_ended_and_its_transaction_undone(tmp_path: Path) -> None:
    with databases.new_databases("postgresql", tmp_path) as new:
        used = new()
        connection = await asyncpg.connect(used)
        await connection.execute("BEGIN")
        await connection.fetchval(ADD_BOB, PASSWORD)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.execute("COMMIT")
    connection.terminate()
    with databases.new_databases("postgresql", tmp_path) as new:
        assert new() == used
        connection = await asyncpg.connect(used)
        assert await connection.fetchval('SELECT count(*) FROM "user"') == 0
        await connection.close()


async def test_one_whose_connections_a_test_has_all_ended_is_used_no_more(tmp_path: Path) -> None:
    """The connection that empties it is kept, so a test may end that one too."""
    used = await the_next(tmp_path)
    with databases.new_databases("postgresql", tmp_path) as new:
        assert new() == used
        connection = await asyncpg.connect(used)
        await connection.execute(reused.END_OTHERS)
        await connection.close()
    assert await the_next(tmp_path) != used
