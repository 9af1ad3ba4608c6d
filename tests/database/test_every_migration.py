"""Every migration, from every earlier state, leaves alone what a site has of its own; killed in the middle as well.

The states are found by the names of the migrations' files: a new migration is tried without a word here.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from operator import methodcaller
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, make_url, text

from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.database import migrations
from quart_auth_app.database.migrations.differences import differences
from quart_auth_app.database.schema import SchemaOutdated
from quart_auth_app.database.units_of_work import Database
from tests.database.sites_own import PEOPLE, WORDS, add_own, everything, lost, make_tutorials
from tests.databases import SECRET_KEY, NewDatabase
from tests.servers import ROOT

VERSIONS = Path(migrations.__file__).parent / "versions"
REVISIONS = sorted(file.name.partition("_")[0] for file in VERSIONS.glob("[0-9]*_*.py"))
STATES = ["tutorial", *REVISIONS]
POINTS = 4
"""At how many statements, evenly spread over an upgrade, a process is killed."""

KILLED = """
import asyncio, os, signal, sys
import alembic.command
from sqlalchemy import event, make_url
from sqlalchemy.engine import Engine
from quart_auth_app.database.units_of_work import Database

point = seen = 0

def count(*_):
    global seen
    seen += 1
    if seen == point:
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(Engine, "before_cursor_execute", count)
event.listen(Engine, "commit", count)

async def upgrade(url):
    database = Database(make_url(url))
    await database.schema.upgrade_ours()
    await database.close()

for line in sys.stdin:
    url, point = line.split()[0], int(line.split()[1])
    if os.fork() == 0:
        asyncio.run(upgrade(url))
        print(seen, end=" ", flush=True)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""
"""Forks a process for each upgrade, as loading the package takes longer than most upgrades. It has no threads then."""

REPLACED = {"ix_mail_due_at_id", "ix_session_last_seen_at", "ix_access_key_expires_at"}
"""Indexes of ours that a later migration replaces by others, or that nothing searches by any more."""

Make = Callable[..., Any]


def to(revision: str) -> Callable[[Connection], None]:
    """Return what brings a database to this revision."""
    from alembic import command

    return lambda connection: command.upgrade(migrations.config(connection), revision)


async def do(database: Database, *steps: Callable[[Connection], Any]) -> Any:
    """Carry out the steps in one transaction, on connections that know nothing of the schema's earlier form."""
    async with database.engine.begin() as connection:
        answers = [await connection.run_sync(step) for step in steps]
    await database.close()
    return answers[-1]


@pytest.fixture
async def old(new_database: NewDatabase) -> AsyncIterator[Callable[[], Any]]:
    """Make databases as the tutorial left them."""
    made: list[Database] = []

    async def make() -> Database:
        url = make_url(new_database())
        if url.get_backend_name() == "sqlite":
            os.unlink(url.database or "")
        made.append(Database(url))
        if url.get_backend_name() == "postgresql":
            await do(made[-1], lambda connection: connection.exec_driver_sql("DROP SCHEMA public CASCADE"))
            await do(made[-1], lambda connection: connection.exec_driver_sql("CREATE SCHEMA public"))
        await do(made[-1], make_tutorials)
        return made[-1]

    yield make
    for database in made:
        await database.close()


def add_session(connection: Connection) -> None:
    """Log somebody in, at a revision that has sessions, with a token, a limit and whatever columns there are."""
    connection.exec_driver_sql(
        "INSERT INTO session (token_hash, user_id, created_at, last_seen_at, authenticated_at, remember, address,"
        " user_agent) VALUES ('t', 1, '2030-01-01', '2030-01-02', '2030-01-01', true, '::1', 'x')"
    )
    connection.exec_driver_sql("INSERT INTO attempts VALUES ('k', 3, '2030-01-01')")


@pytest.mark.parametrize("state", STATES[:-1])
async def test_each_migration_from_each_state_keeps_what_is_there(old: Make, state: str) -> None:
    database: Database = await old()
    if state != "tutorial":
        await do(database, to(state), add_session)
    await do(database, add_own)
    before = await do(database, everything)
    for revision in STATES[STATES.index(state) + 1 :]:
        await do(database, to(revision))
        after = await do(database, everything)
        assert [what for what in lost(before, after) if not any(name in str(what) for name in REPLACED)] == [], revision
        before = after
    await is_whole(database)


async def is_whole(database: Database) -> None:
    """Find what the models need, keys that look-ups find, and no reference into nothing."""
    assert await do(database, differences) == []
    async with database.reader.connect() as connection:
        rows = (await connection.execute(text('SELECT email, email_key FROM "user"'))).all()
        assert {key for _, key in rows} == {email_addresses.key(email) for email, _ in rows}
        if database.url.get_backend_name() == "sqlite":
            assert (await connection.execute(text("PRAGMA foreign_key_check"))).all() == []
            assert (await connection.execute(text("PRAGMA integrity_check"))).all() == [("ok",)]
    await database.close()


@contextmanager
def upgrader() -> Iterator[Callable[[Database, int], list[int]]]:
    """Give a function that upgrades in a process of its own, which kills itself before the statement of this number.

    The function returns how many statements there were, unless it was killed, and the exit code.
    """
    command = [sys.executable, "-c", KILLED]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        orders, answers = process.stdin, process.stdout
        assert orders
        assert answers

        def upgrade(database: Database, point: int) -> list[int]:
            print(database.url.render_as_string(hide_password=False), point, file=orders, flush=True)
            return [int(number) for number in answers.readline().split()]

        yield upgrade


@pytest.mark.slow
async def test_an_upgrade_that_is_killed_loses_nothing_and_the_next_one_succeeds(old: Make) -> None:
    whole, killed = await old(), await old()
    for database in (whole, killed):
        await do(database, add_own)
    with upgrader() as upgrade:
        statements, _ = upgrade(whole, 0)
        assert statements > 4 * POINTS
        before = await do(killed, everything)
        for point in [*(statements * number // POINTS for number in range(1, POINTS)), statements - 2]:
            assert upgrade(killed, point) == [-signal.SIGKILL]
            assert await do(killed, everything) == before, f"killed at {point} of {statements}"
            assert await killed.schema.revision() is None
    await killed.schema.upgrade()
    assert lost(before, await do(killed, everything)) == {}
    await is_whole(killed)


@pytest.mark.slow
async def test_four_processes_that_start_at_once_on_an_old_database_upgrade_it_once(old: Make) -> None:
    database: Database = await old()
    await do(database, add_own)
    before = await do(database, everything)
    url = database.url.render_as_string(hide_password=False)
    environment = os.environ | {"DATABASE_URL": url, "SECRET_KEY": SECRET_KEY}
    command = [sys.executable, "-m", "quart_auth_app.cli", "db", "upgrade", "--json"]
    at_once = [await asyncio.create_subprocess_exec(*command, env=environment, cwd=ROOT) for _ in range(4)]
    assert [await process.wait() for process in at_once] == [0, 0, 0, 0]
    assert lost(before, await do(database, everything)) == {}
    await is_whole(database)


TABLES = {
    "Flask-SQLAlchemy": "id {key}, email VARCHAR(100), password VARCHAR(100), name VARCHAR(1000), UNIQUE (email)",
    "unique beside the column": "id {key}, email VARCHAR(100) UNIQUE, password VARCHAR(100), name VARCHAR(1000)",
    "nothing unique": "id {key}, email VARCHAR(100), password VARCHAR(100), name VARCHAR(1000)",
    "all required": "id {key}, email VARCHAR(100) NOT NULL UNIQUE, password VARCHAR(100) NOT NULL, name TEXT NOT NULL",
    "TEXT": "id {key}, email TEXT, password TEXT, name TEXT",
    "longer": "id {key}, email VARCHAR(400), password VARCHAR(1000), name VARCHAR(2000)",
    "another order": "name VARCHAR(1000), password VARCHAR(100), email VARCHAR(100) UNIQUE, id {key}",
}
KEYS = {
    "sqlite": [WORDS["sqlite"]["key"], "INTEGER PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT"],
    "postgresql": [WORDS["postgresql"]["key"], "BIGSERIAL PRIMARY KEY", "INT GENERATED BY DEFAULT AS IDENTITY UNIQUE"],
}


def make_user(columns: str, key: str, *people: tuple[object, ...]) -> Callable[[Connection], None]:
    """Return what replaces the tutorial's table by one of these columns."""

    def make(connection: Connection) -> None:
        connection.exec_driver_sql('DROP TABLE "user"')
        connection.exec_driver_sql(f'CREATE TABLE "user" ({columns.format(key=key)})')
        insert = text('INSERT INTO "user" (id, email, password, name) VALUES (:id, :email, :password, :name)')
        for person in people:
            connection.execute(insert, dict(zip(["id", "email", "password", "name"], person, strict=True)))

    return make


@pytest.mark.parametrize("key", range(3))
@pytest.mark.parametrize("form", TABLES)
async def test_the_tutorials_table_is_taken_over_in_each_of_its_forms(
    old: Make, database_kind: str, form: str, key: int
) -> None:
    database: Database = await old()
    people = (2, "bob@x.org", "x", "Bob"), (5, "EVE@x.org", "y", None if "NOT NULL" not in TABLES[form] else "")
    await do(database, make_user(TABLES[form], KEYS[database_kind][key], *people))
    before = await do(database, everything)
    await database.schema.upgrade()
    assert lost(before, await do(database, everything)) == {}
    await is_whole(database)
    async with database.transaction() as db:
        insert = "INSERT INTO \"user\" (email, email_key, password, name) VALUES ('a', 'a', 'x', 'A') RETURNING id"
        number = await db.scalar(text(insert))
        assert number is not None
        assert number > 5


async def test_two_accounts_of_one_address_are_both_named_and_nothing_changes(old: Make, database_kind: str) -> None:
    database: Database = await old()
    people = (2, "bob@x.org", "x", "Bob"), (5, "BOB@x.org", "y", "B")
    await do(database, make_user(TABLES["Flask-SQLAlchemy"], KEYS[database_kind][0], *people))
    await stays_as_it_was(database, r"bob@x.org \(user 2\) and BOB@x.org \(user 5\)")


async def stays_as_it_was(database: Database, said: str) -> None:
    """Expect an upgrade to be refused with these words, and to change nothing."""
    before = await do(database, everything)
    with pytest.raises(SchemaOutdated, match=said) as refusal:
        await database.schema.upgrade()
    assert "othing was changed" in str(refusal.value)
    assert await do(database, everything) == before
    assert await database.schema.revision() is None


IN_THE_WAY = {
    'CREATE VIEW addresses AS SELECT email FROM "user"': "Drop the view addresses, upgrade, and create it again",
    'CREATE MATERIALIZED VIEW kept AS SELECT password FROM "user"': "Drop the view kept, upgrade",
    """CREATE POLICY own ON "user" USING (email = current_user)""": 'the policy own on table "user"',
    """CREATE RULE r AS ON DELETE TO "user" WHERE old.email = 'x' DO INSTEAD NOTHING""": 'the rule r on table "user"',
    """CREATE TABLE by_address (email VARCHAR(100) REFERENCES "user"(email));
    ALTER TABLE by_address DISABLE TRIGGER ALL""": "the constraint by_address_email_fkey on table by_address, whose",
    'CREATE TABLE member () INHERITS ("user")': "shares its columns with member, by inheritance",
    """CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
    CREATE TRIGGER checks BEFORE UPDATE OF email ON "user" FOR EACH ROW EXECUTE FUNCTION f()""": "the trigger checks",
    'ALTER TABLE "user" ADD COLUMN shown TEXT GENERATED ALWAYS AS (lower(email)) STORED': "the generated column shown",
}


@pytest.mark.parametrize("statements", IN_THE_WAY)
async def test_what_keeps_postgresql_from_widening_a_column_is_named(
    old: Make, database_kind: str, statements: str
) -> None:
    if database_kind == "sqlite":
        pytest.skip("SQLite has no lengths to change")
    database: Database = await old()
    for statement in statements.split(";\n"):
        await do(database, methodcaller("exec_driver_sql", statement))
    await stays_as_it_was(database, IN_THE_WAY[statements])


NOT_THE_TUTORIALS = {
    "sqlite": {
        "id TEXT PRIMARY KEY, email TEXT, password TEXT, name TEXT": "Its id must be an INTEGER PRIMARY KEY",
        "id INT PRIMARY KEY, email TEXT, password TEXT, name TEXT": "Its id must be an INTEGER PRIMARY KEY",
        "id INTEGER, email TEXT, password TEXT, name TEXT, PRIMARY KEY (id, email)": "Its id must be an INTEGER",
        "id INTEGER PRIMARY KEY, Email TEXT, password TEXT, name TEXT": "it has no email",
        "id INTEGER PRIMARY KEY, email, password, name CHECK (name <> '')": "user 2 has no name",
        "id INTEGER PRIMARY KEY, email BLOB, password, name, CHECK (id > 0)": "the address of user 3 is no text",
        "id INTEGER PRIMARY KEY, email, password, name DEFAULT (1) REFERENCES other DEFERRABLE INITIALLY DEFERRED": (
            "FOREIGN KEY constraint failed"
        ),
    },
    "postgresql": {
        "id TEXT PRIMARY KEY, email TEXT, password TEXT, name TEXT": "has no sequence of its own",
        "id SERIAL PRIMARY KEY, email TEXT, password TEXT, name TEXT CHECK (name <> '')": "user 2 has no name",
        "id INT GENERATED BY DEFAULT AS IDENTITY (CYCLE) PRIMARY KEY, email TEXT, password TEXT, name TEXT": (
            "would give a number twice"
        ),
        "id INT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, email TEXT, password TEXT, name TEXT"
        " REFERENCES other DEFERRABLE INITIALLY DEFERRED": "violates foreign key constraint",
        "id SERIAL PRIMARY KEY, email BYTEA, password TEXT, name TEXT": "the address of user 2 is no text",
    },
}
KINDS_AND_FORMS = [(kind, form) for kind, forms in NOT_THE_TUTORIALS.items() for form in forms]


@pytest.mark.parametrize(("kind", "form"), KINDS_AND_FORMS)
async def test_a_table_that_cannot_be_taken_over_is_refused_in_one_sentence(
    old: Make, database_kind: str, kind: str, form: str
) -> None:
    if database_kind != kind:
        pytest.skip("the other database's")
    database: Database = await old()
    other = "CREATE TABLE other (name VARCHAR(1000) PRIMARY KEY)"
    await do(database, methodcaller("exec_driver_sql", other), make_user(form, "", *_people(form)))
    await stays_as_it_was(database, NOT_THE_TUTORIALS[kind][form])


def _people(form: str) -> list[tuple[object, ...]]:
    mail = b"bob@x.org" if "BYTEA" in form else "bob@x.org"
    number: object = "2" if "id TEXT" in form else 2
    return [(number, mail, "x", None), *([(3, b"eve@x.org", "x", "Eve")] if "BLOB" in form else [])]


@pytest.mark.parametrize(("suffix", "said"), [(" STRICT", "STRICT"), (" WITHOUT ROWID", "WITHOUT ROWID")])
async def test_other_kinds_of_sqlites_tables_are_refused(old: Make, database_kind: str, suffix: str, said: str) -> None:
    if database_kind != "sqlite":
        pytest.skip("SQLite's")
    database: Database = await old()
    table = 'CREATE TABLE "user" (id INTEGER PRIMARY KEY, email TEXT UNIQUE, password TEXT, name TEXT)'
    for statement in ('DROP TABLE "user"', table + suffix):
        await do(database, methodcaller("exec_driver_sql", statement))
    await stays_as_it_was(database, f"neither STRICT nor WITHOUT ROWID; it is: .*{said}")


@pytest.mark.parametrize("table", ["Session", "quart_auth_app_version"])
async def test_a_table_in_the_way_is_named_however_it_is_written(old: Make, database_kind: str, table: str) -> None:
    if database_kind != "sqlite" and table == "Session":
        pytest.skip("another table to PostgreSQL")
    database: Database = await old()
    await do(database, methodcaller("exec_driver_sql", f'CREATE TABLE "{table}" (id INTEGER)'))
    before = await do(database, everything)
    with pytest.raises(SchemaOutdated, match=f"Nothing was changed: .*{table.lower()}"):
        await database.schema.upgrade()
    assert await do(database, everything) == before


async def test_a_reference_that_names_no_column_is_no_obstacle(old: Make) -> None:
    database: Database = await old()
    statement = "CREATE TABLE loose (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES {} ON DELETE CASCADE)"
    name = "USER" if database.url.get_backend_name() == "sqlite" else '"user"'
    await do(database, methodcaller("exec_driver_sql", statement.format(name)))
    await do(database, methodcaller("exec_driver_sql", "INSERT INTO loose VALUES (1, 3)"))
    before = await do(database, everything)
    await database.schema.upgrade()
    assert lost(before, await do(database, everything)) == {}
    await is_whole(database)


async def test_rules_and_comments_of_postgresql_are_left_as_they_are(old: Make, database_kind: str) -> None:
    if database_kind != "postgresql":
        pytest.skip("SQLite has neither")
    database: Database = await old()
    for statement in (
        "CREATE TABLE noted (name TEXT)",
        'CREATE RULE note AS ON UPDATE TO "user" DO ALSO INSERT INTO noted VALUES (new.name)',
        "COMMENT ON TABLE \"user\" IS 'people'",
        "COMMENT ON COLUMN \"user\".email IS 'where to write'",
        'ALTER TABLE "user" ADD CONSTRAINT later CHECK (id > 0) NOT VALID',
    ):
        await do(database, methodcaller("exec_driver_sql", statement))
    before = await do(database, everything)
    await database.schema.upgrade()
    assert lost(before, await do(database, everything)) == {}
    async with database.reader.connect() as connection:
        rule = await connection.scalar(text("SELECT ev_enabled::text FROM pg_rewrite WHERE rulename = 'note'"))
    assert rule == "O"
    await is_whole(database)


async def test_rows_that_a_policy_hides_are_never_left_behind(old: Make, database_kind: str) -> None:
    if database_kind != "postgresql":
        pytest.skip("SQLite has no policies")
    database: Database = await old()
    owner = f"quart_auth_app_owner_{os.getpid()}"
    for statement in (
        f"CREATE ROLE {owner} NOLOGIN",
        f"GRANT ALL ON SCHEMA public TO {owner}",
        f'ALTER TABLE "user" OWNER TO {owner}',
        'CREATE POLICY nobody ON "user" USING (id < 0)',
        'ALTER TABLE "user" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
    ):
        await do(database, methodcaller("exec_driver_sql", statement))
    try:
        refused = "affected by row-level security policy for table"
        with pytest.raises(migrations.UnusableDatabase, match=refused):
            await do(database, methodcaller("exec_driver_sql", f"SET LOCAL ROLE {owner}"), migrations.upgrade)
        assert await database.schema.revision() is None
    finally:
        for statement in (f"DROP OWNED BY {owner} CASCADE", f"DROP ROLE {owner}"):
            await do(database, methodcaller("exec_driver_sql", statement))


async def test_a_refused_upgrade_leaves_postgresqls_sequence_where_it_was(old: Make, database_kind: str) -> None:
    if database_kind != "postgresql":
        pytest.skip("SQLite has no sequences")
    database: Database = await old()
    await do(database, make_user(TABLES["nothing unique"] + ", CHECK (name <> '')", WORDS["postgresql"]["key"]))
    await do(database, methodcaller("exec_driver_sql", PEOPLE))
    await stays_as_it_was(database, "user 7 has no name")
    async with database.engine.begin() as connection:
        assert await connection.scalar(text("SELECT nextval('user_id_seq')")) == 1
