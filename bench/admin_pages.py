"""The admin pages among a million users: `python -m bench.admin_pages`, ten minutes.

Fills a new SQLite database, and a PostgreSQL database if there is a server. Serves each with one worker, and requests
each page and each search many times: first pages and pages far behind them. With --plans it also prints how each
search finds its rows.
"""

import argparse
import asyncio
import http.client
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import event, insert, make_url, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench import postgres
from quart_auth_app import clock, create_app
from quart_auth_app.accounts import sessions
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.history import activity
from quart_auth_app.database.engines import create_engine
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Mail, User
from quart_auth_app.operations import search
from tests.servers import running

USERS = 1_000_000
CHUNK = 5_000
"""Users in a transaction."""
ROUNDS = 40
"""How often each page is requested."""

PATIENCE = 600
"""Seconds that a statement may take while the database is filled."""

SECRET_KEY = "a key for measuring, which is long enough"
FIRST = ["Ann", "Bob", "Carla", "Dmitri", "Elena", "Femi", "Grace", "Hiro", "Ines", "Jan"]
FIRST += ["Kemal", "Łucja", "Mary", "Nils", "Olga", "Pedro", "山田", "Quentin", "Rosa", "Sven"]
LAST = ["Adams", "Baker", "Costa", "Diaz", "Eriksen", "Fischer", "Gupta", "Haddad", "Ivanov"]
LAST += ["Jones", "Kim", "Lee", "Moreau", "Novák", "Okafor", "Perez", "Quinn", "Rossi"]
"""So few names that many people have the same one, and a page has to begin in the middle of them."""

EVENTS, SESSIONS = 2_000, 50
"""Events and sessions of the admin, whose page has more of them than anybody else's."""

MAILS = 100_000
"""Mails that could not be sent. Mail is off on the measured site, so it does not try to send them."""


@dataclass(frozen=True)
class Page:
    """A page that is measured."""

    what: str
    path: str


def users(count: int) -> Iterator[dict[str, Any]]:
    """Yield rows of `count` users with 360 names, every third with a middle name, created in the last two years."""
    now = clock.now()
    for number in range(count):
        first, last = FIRST[number % len(FIRST)], LAST[number // 7 % len(LAST)]
        between = f" {FIRST[number // 3 % len(FIRST)]}" if number % 3 == 0 else ""
        email = f"{first}.{last}{number}@example.com".lower()
        yield {
            "email": email,
            "email_key": email,
            "password": "none",
            "name": f"{first}{between} {last}",
            "created_at": now - timedelta(seconds=63 * (count - number)),
        }


def mails(count: int) -> Iterator[dict[str, Any]]:
    """Yield rows of `count` mails that could not be sent, each to another user."""
    now = clock.now()
    for number in range(1, count + 1):
        yield {
            "kind": "reset",
            "to_address": f"somebody{number}@example.com",
            "user_id": number,
            "params": {},
            "message_id": f"<{number}@example.com>",
            "created_at": now,
            "due_at": now,
            "attempts": 5,
            "give_up_at": now,
            "failed": "550 no such mailbox",
        }


@asynccontextmanager
async def patient(database: Database) -> AsyncIterator[AsyncEngine]:
    """Yield an engine whose statements may take as long as filling the database takes."""
    engine = create_engine(database.url, patience=PATIENCE)
    yield engine
    await engine.dispose()


async def fill(database: Database, count: int) -> str:
    """Create `count` users, of whom the first is an admin; return the token of one of the admin's sessions."""
    await database.schema.upgrade()
    rows = users(count)
    async with patient(database) as engine:
        while chunk := list(islice(rows, CHUNK)):
            async with engine.begin() as connection:
                await connection.execute(insert(User), chunk)
        async with engine.begin() as connection:
            await connection.execute(insert(Mail), list(mails(min(count, MAILS))))
        async with engine.connect() as connection:
            await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE"))
    async with database.transaction() as db:
        admin, now, browser = await db.get_one(User, 1), clock.now(), Browser(address="10.0.0.1")
        admin.roles = ["admin"]
        for _ in range(EVENTS):
            await activity.note(db, user_id=1, kind="name_changed", browser=browser, now=now)
        for _ in range(SESSIONS):
            started = await sessions.start(
                db, user=admin, remember=True, address="10.0.0.1", user_agent="bench", now=now, replaces=None,
                methods=["password", "totp"],
            )  # fmt: skip
        assert started  # noqa: S101  # nobody else uses this account
        return started.token


async def deep(database: Database, kind: str, wanted: str) -> str:
    """Return the parameter `after` of a page far behind the first: nine tenths of the results come before it."""
    key = search.KEYS[database.url.get_backend_name()][kind]
    begins = [key >= wanted.lower(), key < wanted.lower() + search.HIGHEST]
    async with patient(database) as engine, engine.connect() as connection:
        numbers = (await connection.scalars(select(User.id).where(*begins).order_by(key, User.id))).all()
    return f"{kind}-{numbers[len(numbers) * 9 // 10]}"


async def pages(database: Database, count: int) -> list[Page]:
    """Return the pages to measure."""
    found = [
        Page("the overview", "/admin"),
        Page("people, first page", "/admin/users"),
        Page("people, in the middle", f"/admin/users?after=all-{count // 2}"),
        Page("people, last page", f"/admin/users?after=all-{count - 10}"),
        Page("one person", f"/admin/users/{count // 2}"),
        Page(f"one person with {SESSIONS} sessions and {EVENTS:,} events", "/admin/users/1"),
        Page("adding a person", "/admin/users/add"),
        Page("mail, first page", "/admin/mail"),
        Page("mail, deep", f"/admin/mail?after={min(count, MAILS) * 9 // 10}"),
        Page("search: a number", f"/admin/users?search={count // 3}"),
        Page("search: a whole address", "/admin/users?search=bob.adams1@example.com"),
        Page("search: nobody", "/admin/users?search=zzz"),
    ]
    for what, kind, wanted in (
        ("an address begins with", "email", "ann.a"),
        ("a name begins with", "name", "Mary"),
        ("a last word begins with", "last", "O"),
    ):
        found.append(Page(f"search: {what} {wanted}", f"/admin/users?search={wanted}"))
        after = await deep(database, kind, wanted)
        found.append(Page(f"search: {what} {wanted}, deep", f"/admin/users?search={wanted}&after={after}"))
    return found


async def plans(database: Database, page: Page) -> list[str]:
    """Return what EXPLAIN prints for each statement of a search."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        asked.append((statement, parameters))

    query = dict(each.split("=") for each in page.path.partition("?")[2].split("&") if each)
    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    async with database.reading() as db:
        await search.page(db, search=query.get("search", ""), after=query.get("after", ""))
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN " if database.url.get_backend_name() == "sqlite" else "EXPLAIN "
    async with database.reading() as db:
        connection = await db.connection()
        return [
            str(row[-1])
            for statement, parameters in asked
            if '"user"' in statement or "user." in statement
            for row in await connection.exec_driver_sql(explain + statement, parameters)
        ]


def measured(port: int, page: Page, cookie: str) -> list[float]:
    """Return how many milliseconds each of ROUNDS answers took."""
    connection, found = http.client.HTTPConnection("127.0.0.1", port, timeout=60), []
    for _ in range(ROUNDS + 1):
        begin = time.perf_counter()
        connection.request("GET", quote(page.path, safe="/?=&"), headers={"Cookie": cookie, "Host": "localhost"})
        response = connection.getresponse()
        body = response.read()
        found.append((time.perf_counter() - begin) * 1000)
        if response.status != 200 or not body:
            raise RuntimeError(f"{page.path}: {response.status}")
    connection.close()
    return found[1:]  # the first compiles the template


def measure(url: str, folder: Path, count: int, *, with_plans: bool) -> None:
    """Fill the database and print a table."""

    async def prepare() -> tuple[str, list[Page], dict[str, list[str]]]:
        database = Database(make_url(url))
        begin = time.perf_counter()
        token = await fill(database, count)
        wanted = await pages(database, count)
        told = {page.what: await plans(database, page) for page in wanted if "/admin/users?" in page.path}
        await database.close()
        print(f"{count:,} users in {time.perf_counter() - begin:.0f} s")
        return token, wanted, told

    token, wanted, told = asyncio.run(prepare())
    settings = {"SECRET_KEY": SECRET_KEY, "DATABASE_URL": url}
    app = create_app(settings)
    (auth,) = app.extensions["QUART_AUTH"]
    cookie = f"{auth.cookie_name}={auth.dump_token(token, app=app)}"
    print("\n| Page | median | slowest of 40 |\n|---|---:|---:|")
    with running(folder, settings) as server:
        for page in wanted:
            times = measured(server.port, page, cookie)
            print(f"| {page.what} | {statistics.median(times):.1f} ms | {max(times):.1f} ms |", flush=True)
    for what, lines in told.items() if with_plans else ():
        print(f"\n{what}:", *lines, sep="\n  ")


def main() -> None:
    """Measure on both databases."""
    parser = argparse.ArgumentParser(prog="python -m bench.admin_pages", description=__doc__)
    parser.add_argument("--users", type=int, default=USERS, help="how many (%(default)s)")
    parser.add_argument("--plans", action="store_true", help="print how each search finds its rows")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], help="one of the two alone")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, postgres.dropped_afterwards():
        folder = Path(name)
        urls = {"sqlite": f"sqlite:///{folder}/db.sqlite"}
        if arguments.database != "sqlite" and postgres.version():
            urls["postgresql"] = postgres.create("admin_pages")
        for kind, url in urls.items():
            if arguments.database in {None, kind}:
                print(f"\n## {kind}\n")
                measure(url, folder, arguments.users, with_plans=arguments.plans)


if __name__ == "__main__":
    main()
