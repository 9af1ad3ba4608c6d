"""When things fail: nothing that was answered is lost, people are told to come back, and all recovers by itself."""

import errno
import os
import secrets
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPException
from itertools import islice
from pathlib import Path

import pytest
from quart import Quart, Response
from sqlalchemy import event, make_url, select

from quart_auth_app import create_app
from quart_auth_app.database import migrations, sqlite
from quart_auth_app.database.units_of_work import Database, DatabaseAway
from quart_auth_app.instance import SettingsError
from quart_auth_app.models import User
from tests import cheap, databases
from tests.conftest import services_of
from tests.databases import SECRET_KEY, NewDatabase
from tests.people import BOB, EVE, Client, addresses, elsewhere, is_logged_in
from tests.servers import ROOT, Server, running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A SQLite file's path."""
    return tmp_path / "site" / "db.sqlite"


@pytest.fixture
async def app(file: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Quart]:
    """The application on that file, less patient than in earnest."""
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", 0.2)
    app = create_app({"DATABASE_URL": f"sqlite:///{file}"})
    yield app
    await services_of(app).database.close()


@pytest.fixture
async def visitor(client: Client, bob: dict[str, str]) -> Client:
    """A browser that Bob is logged in with."""
    await client.post("/login", form=bob)
    return client


def says_come_back(answer: Response) -> bool:
    """Tell whether it is a 503 that says when to try again."""
    return answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0


def move(file: Path, *, to: Path) -> None:
    """Move a SQLite file and its journals."""
    for each in file.parent.glob(f"{file.name}*"):
        each.rename(to / each.name)


@pytest.mark.asvs("16.5.2")
async def test_while_another_process_holds_the_lock_pages_are_read_and_sign_ups_told_to_come_back(
    visitor: Client, file: Path
) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert says_come_back(await visitor.post("/signup", form=EVE))
        assert await is_logged_in(visitor)
    assert (await visitor.post("/signup", form=EVE)).status_code == 302, "nothing of the refused attempt was kept"


@pytest.mark.usefixtures("bob")
async def test_who_only_reads_waits_for_no_writer(app: Quart, file: Path) -> None:
    database = services_of(app).database
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert await database.schema.revision() == migrations.HEAD
        async with database.reading() as db:
            assert (await db.scalars(select(User.name))).all() == ["Bob"]
        with pytest.raises(DatabaseAway):
            async with database.transaction() as db:
                await db.scalars(select(User.name))


async def test_a_file_that_is_gone_is_missed_until_it_is_back_with_all_it_had(
    visitor: Client, file: Path, tmp_path: Path
) -> None:
    move(file, to=tmp_path)
    assert says_come_back(await visitor.post("/signup", form=EVE))
    assert says_come_back(await visitor.get("/profile"))
    assert (await visitor.get("/")).status_code == 200
    assert not file.exists()  # noqa: ASYNC240  # nothing else waits meanwhile
    move(tmp_path / file.name, to=file.parent)
    assert await is_logged_in(visitor)
    assert (await visitor.post("/signup", form=EVE)).status_code == 302


async def test_a_backup_put_in_the_files_place_counts_at_once(visitor: Client, file: Path) -> None:
    backup = file.with_name("backup")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    await visitor.post("/logout")
    assert not await is_logged_in(visitor)
    for journal in file.parent.glob("*.sqlite-*"):
        journal.unlink()
    backup.rename(file)
    await visitor.post("/login", form=BOB)
    with closing(sqlite3.connect(file)) as restored:
        assert restored.execute("SELECT count(*) FROM session").fetchone() == (2,), "one from the backup, one new"


@pytest.mark.parametrize(
    ("limit", "lifted", "said"),
    [
        ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1073741823", "database or disk is full"),
        ("PRAGMA query_only = ON", "PRAGMA query_only = OFF", "readonly database"),
    ],
    ids=["full", "read-only"],
)
async def test_a_disk_that_takes_no_more_is_named_in_the_log_and_all_that_reads_still_serves(
    app: Quart, visitor: Client, caplog: pytest.LogCaptureFixture, limit: str, lifted: str, said: str
) -> None:
    pragma = limit

    def apply(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(pragma)

    event.listen(services_of(app).database.engine.sync_engine.pool, "checkout", apply)
    people = [
        {"email": f"{number}@example.com", "name": 100 * "x", "password": BOB["password"]} for number in range(60)
    ]
    answers = [await visitor.post("/signup", form=person, **elsewhere()) for person in people]
    refused = [answer for answer in answers if answer.status_code != 302]
    assert refused
    assert all(map(says_come_back, refused))
    assert said in caplog.text
    assert await is_logged_in(visitor)
    pragma = lifted
    assert (await visitor.post("/signup", form=EVE)).status_code == 302


def test_a_start_where_nothing_can_be_written_is_refused_with_a_sentence(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(SettingsError, match=r"^DATABASE_URL: .*db\.sqlite .*Read-only file system"):
            create_app({"DATABASE_URL": f"sqlite:///{file}", "SECRET_KEY": SECRET_KEY})


@pytest.mark.slow
def test_kill_9_amid_a_thousand_sign_ups_loses_none_that_was_answered(
    new_database: NewDatabase, database_kind: str, tmp_path: Path
) -> None:
    url = new_database()
    environment = {"DATABASE_URL": url, "SECRET_KEY": SECRET_KEY, "PYTHONPATH": str(ROOT), "PROXY_HOPS": "1"}
    answered: list[str] = []
    moment = 50 + secrets.randbelow(800)
    with running(tmp_path, environment, application=cheap.APPLICATION) as server, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: sign_up_until_killed(server, each, answered, moment), batches(1000, 8)))
    assert moment <= len(answered) < 1000
    with running(tmp_path, environment, application=cheap.APPLICATION) as server:
        form = {"email": answered[-1], "password": BOB["password"]}
        assert server.visitor(next(addresses)).post("/login", form).headers["Location"] == "/profile"
    stored: list[str] = []
    databases.run(addresses_in(url, stored))
    assert not set(answered) - set(stored), f"killed after {moment} answers"
    assert len(stored) <= len(answered) + 8, "each connection may have had one more under way"
    if database_kind == "sqlite":
        with closing(sqlite3.connect(make_url(url).database or "")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def batches(total: int, parts: int) -> list[list[tuple[str, str]]]:
    """Return addresses, of computers and for mail, for as many sign-ups."""
    computers = list(islice(addresses, total))
    return [[(each, f"{each}@example.com") for each in computers[part::parts]] for part in range(parts)]


def sign_up_until_killed(server: Server, people: list[tuple[str, str]], answered: list[str], moment: int) -> None:
    """Sign up one after the other; whoever gets the answer number `moment` ends the server."""
    visitor = server.visitor()
    for visitor.address, email in people:
        try:
            if visitor.post("/signup", BOB | {"email": email}).status != 302:
                return
        except (OSError, HTTPException):
            return
        answered.append(email)
        if len(answered) == moment:
            server.kill()


async def addresses_in(url: str, found: list[str]) -> None:
    """Read the addresses of all users."""
    database = Database(make_url(url))
    async with database.reading() as db:
        found += await db.scalars(select(User.email))
    await database.close()
