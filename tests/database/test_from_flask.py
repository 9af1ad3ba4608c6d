"""A database made by the tutorial's Flask application is taken over, users, passwords and all, or left alone."""

import shutil
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import make_url

from quart_auth_app.accounts import email_addresses
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
