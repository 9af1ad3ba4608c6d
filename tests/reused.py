"""Databases on the test server that one test uses after another: emptying one is many times faster than dropping it.

DROP DATABASE waits for a checkpoint of the whole server: seconds on a busy disk. A test gets a database that no other
test has at that time, like a new one: without rows, its sequences at their start, and the schema of the template. A
database whose schema a test has changed, or that has grown, is dropped instead.
"""

import asyncio

import asyncpg

from quart_auth_app.models import OURS
from quart_auth_app.models.base import Base

MOST_BYTES = 256 * 1024
"""Of a table or an index. Deleted rows keep their space; a database that has grown is slow, and is dropped."""

PATIENCE = 60
"""Seconds to wait for a connection to end, as its statement may still be running."""

# Each change of a schema adds, rewrites or removes rows of these catalogues; xmin is the transaction that wrote a row.
_CATALOGUES = (
    "pg_attrdef pg_attribute pg_class pg_constraint pg_depend pg_index pg_namespace pg_proc pg_rewrite pg_sequence"
    " pg_trigger pg_type"
)
_SCHEMA = " UNION ALL ".join(
    [
        *(f"SELECT '{name}', count(*), max(xmin::text::bigint) FROM {name}" for name in _CATALOGUES.split()),  # noqa: S608  # names of PostgreSQL's catalogues
        "SELECT 'settings', count(*), 0 FROM pg_db_role_setting s, pg_database d"
        " WHERE s.setdatabase = d.oid AND d.datname = current_database()",
        "SELECT 'version ' || version_num, 0, 0 FROM quart_auth_app_version",
    ]
)
_LARGEST = "SELECT max(pg_relation_size(oid)) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
END_OTHERS = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_EMPTY = ";".join(
    [
        *(f'DELETE FROM "{table.name}"' for table in reversed(Base.metadata.sorted_tables) if table.name in OURS),  # noqa: S608  # names of our own tables
        "SELECT setval(seqrelid, seqstart, false) FROM pg_sequence",
    ]
)

Schema = list[tuple[object, ...]]


async def schema(url: str) -> Schema:
    """Return a fingerprint of a database's schema, equal for a template and its copies."""
    connection = await asyncpg.connect(url)
    try:
        return await _schema(connection)
    finally:
        await connection.close()


async def emptied(connection: "asyncpg.Connection[asyncpg.Record]", expected: Schema) -> bool:
    """End all others' connections to a database, and empty it. Return False where it has to be dropped instead."""
    try:
        async with asyncio.timeout(PATIENCE):
            while await connection.fetchval(END_OTHERS):  # noqa: ASYNC110 - another process ends them
                await asyncio.sleep(0.002)
        as_new = await _schema(connection) == expected and await connection.fetchval(_LARGEST) <= MOST_BYTES
        if as_new:
            await connection.execute(_EMPTY)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):  # this connection was ended too, or patience
        return False
    else:
        return as_new


async def _schema(connection: "asyncpg.Connection[asyncpg.Record]") -> Schema:
    return [tuple(row) for row in await connection.fetch(_SCHEMA)]
