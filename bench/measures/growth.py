"""Growth: /profile and log-ins with few and with many users, on both kinds of database."""

import asyncio
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from quart_auth import QuartAuth
from sqlalchemy import make_url

from bench import clients, cores, fill, postgres, wrk
from bench.http_client import cookie_header, fetch, request
from bench.run import Run, warm
from bench.servers import Server
from bench.subjects import OURS, OURS_ON_POSTGRESQL, SECRET_KEY, Site, ours
from bench.targets import KINDS
from quart_auth_app import create_app

BROWSERS = 500
"""Different people whose /profile is requested in turn, so that the row is not always in the cache."""

CLIENTS = 16


@dataclass(frozen=True)
class Crowd:
    """One database."""

    name: str
    users: int
    sessions: int
    site: Site
    cookies: list[str]
    """Cookie headers of BROWSERS users, spread over the whole table."""


def measure(run: Run) -> None:
    """Create all databases of a kind, then start a server for each.

    The machine's speed varies more than a page's cost grows with the table. So all servers are asked for pages at the
    same time, on one core, of which each gets the same share.
    """
    for kind in KINDS if run.find(OURS_ON_POSTGRESQL) else KINDS[:1]:
        crowds = list(_crowds(run, kind))
        for number in range(run.scale.growth_rounds):
            print(f"  round {number + 1} of {run.scale.growth_rounds}: {kind}", flush=True)
            with ExitStack() as stack:
                _measure(
                    run, [(crowd, stack.enter_context(warm(crowd.site, cores.ALL, run.scale))) for crowd in crowds]
                )


def _measure(run: Run, servers: list[tuple[Crowd, Server]]) -> None:
    for crowd, server in servers:
        storm = asyncio.run(clients.storm(server, clients=CLIENTS, seconds=run.scale.growth_seconds, users=crowd.users))
        run.results.add("growth", crowd.name, log_ins=storm.per_second)
        server.wait_until_idle()
        server.pin()
        # The first read of a row comes from the disk, so read all rows before measuring.
        asyncio.run(_visit_all(server, crowd.cookies))
    with ThreadPoolExecutor(len(servers)) as pool:
        rates = list(pool.map(partial(_pages_per_second, run.scale.growth_seconds), servers))
    for (crowd, _), rate in zip(servers, rates, strict=True):
        run.results.add("growth", crowd.name, profile=rate)


def _pages_per_second(seconds: int, one: tuple[Crowd, Server]) -> float:
    crowd, server = one
    return wrk.requests_per_second(server.port, "/profile", seconds, crowd.site.folder, crowd.cookies)


async def _visit_all(server: Server, cookies: list[str]) -> None:
    for cookie in cookies:
        page = await fetch(server.port, request("/profile", headers={"Cookie": cookie}))
        if page.status != 200:
            raise RuntimeError(f"/profile was not answered well: {page}")


def _crowds(run: Run, kind: str) -> Iterator[Crowd]:
    for users in run.scale.growth_users:
        crowd = _crowd(run, kind, users, 0)
        yield crowd
    yield _crowd(run, kind, users, users, copied_from=crowd)


def _crowd(run: Run, kind: str, users: int, sessions: int, copied_from: Crowd | None = None) -> Crowd:
    folder = run.folder / f"growth-{kind}-{users}-{sessions}"
    folder.mkdir()
    begin = time.perf_counter()
    source = copied_from.site.environment["DATABASE_URL"] if copied_from else None
    url = _copy_on_sqlite(folder, source) if kind == "SQLite" else _copy_on_postgresql(folder, source)
    if not source:
        fill.add_users(url, users)
    fill.add_sessions(url, sessions)
    tokens = fill.log_in(url, count=BROWSERS, users=users)
    if kind == "PostgreSQL":
        postgres.settle(url)
    name = growth_name(kind, users, sessions)
    print(f"  made: {name} ({time.perf_counter() - begin:.0f} s)", flush=True)
    site = Site(replace(OURS, name=name), folder, run.find(OURS)[0].environment | ours(url))
    return Crowd(name, users, sessions, site, _cookies(tokens))


def growth_name(kind: str, users: int, sessions: int) -> str:
    """Return the name of such a database in the results."""
    return f"{kind}, {users:,} users" + (f", {sessions:,} sessions" if sessions else "")


def _copy_on_sqlite(folder: Path, source: str | None) -> str:
    file = folder / "db.sqlite"
    if source:
        shutil.copyfile(make_url(source).database or "", file)  # its log is empty once all connections are closed
    return f"sqlite:///{file}"


def _copy_on_postgresql(folder: Path, source: str | None) -> str:
    name = folder.name.removeprefix("growth-PostgreSQL-").replace("-", "_")
    return postgres.create(name, template=source) if source else postgres.create(name)


def _cookies(tokens: list[str]) -> list[str]:
    app = create_app({"DATABASE_URL": "sqlite://", "SECRET_KEY": SECRET_KEY})
    auth: QuartAuth = app.extensions["QUART_AUTH"][0]
    name = app.config["QUART_AUTH_COOKIE_NAME"]
    return [cookie_header({name: auth.dump_token(token, app)})["Cookie"] for token in tokens]
