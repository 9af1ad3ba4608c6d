"""Empty databases for tests: copies of a template, as SQLite files or on the server of TEST_POSTGRES_URL."""

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import make_url

from quart_auth_app.database.units_of_work import Database
from tests import reused

T = TypeVar("T")

POSTGRES = os.environ.get("TEST_POSTGRES_URL")
KINDS = ["sqlite", *(["postgresql"] if POSTGRES else [])]
"""The kinds of database that the suite runs on."""

RUN = secrets.token_hex(6)
"""In the names of databases on the server: a run that was killed may have left some of the same process number."""

TEMPLATE = f"quart_auth_app_template_{RUN}"
"""The template on the server; each process of the suite has its own."""

_sqlite_template = Path()
_runner = asyncio.Runner()
SECRET_KEY = "a key for tests, which is long enough"

NewDatabase = Callable[[], str]


@contextmanager
def new_databases(kind: str, folder: Path) -> Iterator[NewDatabase]:
    """Return a function that makes an empty, upgraded database and returns its URL; all are dropped afterwards."""
    made: list[str] = []

    def new() -> str:
        if kind == "sqlite":
            file = folder / f"{_new_name()}.sqlite"
            shutil.copy(_sqlite_template, file)
            return f"sqlite:///{file}"
        made.append(_empty.pop() if _empty else _new_name())
        if made[-1] not in _created:
            run(_statement(f"CREATE DATABASE {made[-1]} TEMPLATE {TEMPLATE}"))
            _created.add(made[-1])
        return address(made[-1])

    yield new
    for name in made:
        run(_give_back(name))


_numbers = count()
_created: set[str] = set()
"""Databases on the server that this process has to drop."""

_empty: list[str] = []
"""Those of them that no test uses."""

_connections: "dict[str, asyncpg.Connection[asyncpg.Record]]" = {}
"""Connections to those, kept between tests: opening one takes longer than to empty the database."""

_schema: reused.Schema = []
"""The template's schema."""


def _new_name() -> str:
    return f"quart_auth_app_test_{RUN}_{os.getpid()}_{next(_numbers)}"


async def _give_back(name: str) -> None:
    if name not in _connections:
        _connections[name] = await asyncpg.connect(address(name))
    if await reused.emptied(_connections[name], _schema):
        _empty.append(name)
    else:
        _connections.pop(name).terminate()
        await _statement(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        _created.discard(name)


def address(name: str) -> str:
    """Return the URL of a database on the test server."""
    return make_url(POSTGRES or "").set(database=name).render_as_string(hide_password=False)


@contextmanager
def template() -> Iterator[None]:
    """Keep an upgraded database of each kind to copy; copying is faster than migrating."""
    global _sqlite_template, _runner
    with asyncio.Runner() as _runner, tempfile.TemporaryDirectory() as folder:
        _sqlite_template = Path(folder, "template.sqlite")
        run(_migrate(f"sqlite:///{_sqlite_template}"))
        with _template_on_the_server():
            yield


@contextmanager
def _template_on_the_server() -> Iterator[None]:
    if not POSTGRES:
        yield
        return
    run(_statement(f"CREATE DATABASE {TEMPLATE}"))
    run(_migrate(address(TEMPLATE)))
    _schema[:] = run(reused.schema(address(TEMPLATE)))
    yield
    for connection in _connections.values():
        connection.terminate()
    for name in [*_created, TEMPLATE]:
        with suppress(asyncpg.PostgresError):
            run(_statement(f"DROP DATABASE {name} WITH (FORCE)"))
    _connections.clear()
    _created.clear()
    _empty.clear()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` in a thread, as the test's event loop may be running, and always in one loop: connections are kept."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_runner.run, work).result()


async def _statement(sql: str) -> None:
    connection = await asyncpg.connect(POSTGRES)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def _migrate(url: str) -> None:
    database = Database(make_url(url))
    await database.schema.upgrade()
    await database.close()
