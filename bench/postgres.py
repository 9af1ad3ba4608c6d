"""Creates and drops databases on this machine's PostgreSQL server."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy import make_url

SERVER = os.environ.get("BENCH_POSTGRES_URL", "postgresql://root@127.0.0.1:5432/postgres")
_PREFIX = f"quart_auth_app_bench_{os.getpid()}"
_made: list[str] = []


def version() -> str | None:
    """Return the server's version, None if there is no server."""
    try:
        return str(asyncio.run(_run("SHOW server_version")))
    except (OSError, asyncpg.PostgresError):
        return None


def create(name: str, *, template: str = "template1") -> str:
    """Create a database, empty or a copy of the one whose URL is `template`, and return its URL."""
    own = f"{_PREFIX}_{name}"
    source = make_url(template).database if "://" in template else template
    _made.append(own)
    asyncio.run(_run(f'CREATE DATABASE "{own}" TEMPLATE "{source}"'))
    return make_url(SERVER).set(database=own).render_as_string(hide_password=False)


@contextmanager
def dropped_afterwards() -> Iterator[None]:
    """At the end of the block, drop all databases that were created."""
    try:
        yield
    finally:
        for name in _made:
            asyncio.run(_run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        _made.clear()


def settle(url: str) -> None:
    """Vacuum and analyze now, so that autovacuum doesn't do it during a measurement."""
    asyncio.run(_run("VACUUM (ANALYZE)", url))


def connections() -> int:
    """Return the number of connections to that one of our databases that has the most."""
    most = "SELECT count(*) FROM pg_stat_activity WHERE datname LIKE $1 GROUP BY datname ORDER BY 1 DESC LIMIT 1"
    return int(str(asyncio.run(_run(most, SERVER, f"{_PREFIX}%")) or 0))


async def _run(sql: str, url: str = SERVER, *arguments: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql, *arguments)
    finally:
        await connection.close()
