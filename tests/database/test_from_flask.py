"""A database made by the tutorial's Flask application is taken over, users, passwords and all, or left alone."""

import shutil
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import make_url

from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.database import migrations
from quart_auth_app.database.schema import SchemaOutdated
from quart_auth_app.database.units_of_work import Database
from tests.conftest import MakeApp
from tests.people import text

DATA = Path(__file__).parents[1] / "data"
MADE_BY = ["flask-2.2", "flask-3.1"]
PEOPLE = {"Bob@Example.com": "Bob", "EVE@example.com": "Eve", "zoe@example.com": "Zo\u00eb M\u00fcller"}


@pytest.fixture(params=MADE_BY)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of such a database."""
    return Path(shutil.copy(DATA / f"{request.param}.sqlite", tmp_path / "db.sqlite"))


def dump(file: Path) -> list[str]:
    """Return all that is in a database file."""
    connection = sqlite3.connect(file)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def users(file: Path) -> list[tuple[int, str, str, str]]:
    """Return the tutorial's columns."""
    connection = sqlite3.connect(file)
    try:
        return connection.execute('SELECT id, email, password, name FROM "user" ORDER BY id').fetchall()
    finally:
        connection.close()


async def upgrade(file: Path) -> None:
    """Do what `quart-auth-app db upgrade` does."""
    database = Database(make_url(f"sqlite:///{file}"))
    try:
        await database.schema.upgrade()
    finally:
        await database.close()


async def test_everybody_logs_in_with_the_old_password_twice(make_app: MakeApp, old: Path) -> None:
    """Once with the old hash, and once with the one that has replaced it."""
    app = make_app(DATABASE_URL=f"sqlite:///{old}")
    for number, (email, name) in enumerate(PEOPLE.items()):
        for _ in range(2):
            client = app.test_client()
            await client.post("/login", form={"email": email, "password": f"old secret {number}"})
            assert f"Welcome, {name}!" in await text(await client.get("/profile"))
    assert {password[:15] for _, _, password, _ in users(old)} == {"$bcrypt-sha256$"}


async def test_hashes_and_names_that_were_stored_as_bytes_become_text(make_app: MakeApp, old: Path) -> None:
    """Flask-Bcrypt returns hashes as bytes, and SQLite stores them as they are in a column of text."""
    before = users(old)
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("UPDATE user SET password = CAST(password AS BLOB), name = CAST(name AS BLOB)")
    await upgrade(old)
    assert users(old) == before
    client = make_app(DATABASE_URL=f"sqlite:///{old}").test_client()
    await client.post("/login", form={"email": "Bob@Example.com", "password": "old secret 0"})
    assert "Welcome, Bob!" in await text(await client.get("/profile"))


def change(file: Path, *statements: str) -> None:
    """Change the file, as by another program."""
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


BYTES = "UPDATE user SET name = x'5a6feb' WHERE id = 1"
LATIN_1 = "UPDATE user SET name = CAST(x'5a6feb' AS TEXT) WHERE id = 1"
UTF_8 = "UPDATE user SET name = x'5a6fc3ab' WHERE id = 1"


async def test_hashes_and_names_that_an_earlier_version_has_left_as_bytes_become_text(
    make_app: MakeApp, old: Path
) -> None:
    before = users(old)
    await upgrade(old)
    change(
        old,
        "UPDATE user SET password = CAST(password AS BLOB), name = CAST(name AS BLOB)",
        "UPDATE quart_auth_app_version SET version_num = '0019'",
        "CREATE TRIGGER mine AFTER UPDATE ON user BEGIN SELECT RAISE(ABORT, 'no changes'); END",
    )
    await upgrade(old)
    assert users(old) == before
    change(old, "DROP TRIGGER mine")
    client = make_app(DATABASE_URL=f"sqlite:///{old}").test_client()
    await client.post("/login", form={"email": "Bob@Example.com", "password": "old secret 0"})
    assert "Welcome, Bob!" in await text(await client.get("/profile"))


@pytest.mark.parametrize("statement", [BYTES, LATIN_1, UTF_8])
async def test_names_in_another_encoding_keep_all_their_characters(old: Path, statement: str) -> None:
    change(old, statement)
    await upgrade(old)
    assert users(old)[0][3] == "Zo\u00eb"


async def test_an_address_in_another_encoding_is_named_and_nothing_changes(old: Path) -> None:
    change(old, "UPDATE user SET email = CAST(x'5a6feb40782e6f7267' AS TEXT) WHERE id = 2")
    with pytest.raises(SchemaOutdated, match=r"nothing was changed\. the address of user 2 is no text"):
        await upgrade(old)
    assert list(old.parent.glob("*.before-*")) == []


@pytest.mark.parametrize(("kind", "is_refused"), [("", False), ("BLOB", False), ("STRING", True), ("INTEGER", True)])
async def test_a_number_for_a_name_becomes_text_unless_the_columns_type_forbids_it(
    tmp_path: Path, kind: str, *, is_refused: bool
) -> None:
    file = tmp_path / "db.sqlite"
    change(
        file,
        f"CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT UNIQUE, password TEXT, name {kind})",
        "INSERT INTO user VALUES (1, 'bob@x.org', 'x', 7)",
    )
    if is_refused:
        with pytest.raises(SchemaOutdated, match=f"the column name of the table user is {kind}"):
            await upgrade(file)
    else:
        await upgrade(file)
        assert users(file) == [(1, "bob@x.org", "x", "7")]


async def test_bytes_become_text_in_a_file_of_utf_16_too(tmp_path: Path) -> None:
    file = tmp_path / "db.sqlite"
    change(
        file,
        "PRAGMA encoding = 'UTF-16'",
        "CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT UNIQUE, password TEXT, name TEXT)",
        "INSERT INTO user VALUES (1, 'bob@x.org', x'6869', x'5a6feb'), (2, 'zoe@x.org', 'x', 'Zo\u00eb')",
    )
    await upgrade(file)
    assert users(file) == [(1, "bob@x.org", "hi", "Zo\u00eb"), (2, "zoe@x.org", "x", "Zo\u00eb")]


async def test_numbers_addresses_names_and_hashes_stay_as_they_were(old: Path) -> None:
    before = users(old)
    await upgrade(old)
    assert users(old) == before


async def test_the_file_is_copied_before_anything_is_changed(old: Path) -> None:
    before = dump(old)
    await upgrade(old)
    (copy,) = old.parent.glob(f"db.sqlite.before-{migrations.HEAD}-*")
    assert dump(copy) == before
    await upgrade(old)
    assert len(list(old.parent.glob("*.before-*"))) == 1, "an upgrade with nothing to do copies nothing"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("INSERT INTO user VALUES (9, 'BOB@Example.com', 'x', '')", "Bob@Example.com (user 1) and BOB@Example.com"),
        ("INSERT INTO user VALUES (9, NULL, 'x', 'Nobody')", "user 9 has no address or no password"),
        ("UPDATE user SET password = NULL WHERE id = 2", "user 2 has no address or no password"),
    ],
)  # fmt: skip
async def test_users_that_cannot_be_told_apart_are_named_and_nothing_changes(old: Path, change: str, said: str) -> None:
    connection = sqlite3.connect(old)
    connection.execute(change)
    connection.commit()
    connection.close()
    before = dump(old)
    with pytest.raises(SchemaOutdated) as refusal:
        await upgrade(old)
    assert said in str(refusal.value)
    assert "nothing was changed" in str(refusal.value)
    assert dump(old) == before
    assert list(old.parent.glob("*.before-*")) == []


async def test_a_user_without_a_name_is_no_obstacle(make_app: MakeApp, old: Path) -> None:
    connection = sqlite3.connect(old)
    connection.execute("UPDATE user SET name = NULL WHERE id = 1")
    connection.commit()
    connection.close()
    client = make_app(DATABASE_URL=f"sqlite:///{old}").test_client()
    await client.post("/login", form={"email": "bob@example.com", "password": "old secret 0"})
    assert (await client.get("/profile")).status_code == 200


def test_the_migrations_own_key_is_still_the_applications() -> None:
    """When the way changes in which addresses are compared, a new migration has to rewrite the column."""
    first = import_module(f"{migrations.__name__}.versions.0002_numbers_once")
    for email in (" Bob@Example.com", "\uff22ob@example.com", "STRASSE@\u1e9e.example", "\u0130@example.com"):
        assert first._key(email) == email_addresses.key(email)
