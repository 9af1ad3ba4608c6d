"""PostgreSQL: what is particular to it."""

from typing import Any

import asyncpg
from sqlalchemy import URL, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from quart_auth_app.database.errors import DatabaseAway

CONNECT_TIMEOUT = 5.0
"""Seconds in which the server has to answer a new connection."""

COMMAND_TIMEOUT = 4.0
"""Seconds in which it has to carry out a statement; ours take milliseconds."""

CONNECTIONS = 10
"""Connections that a worker keeps. Each carries hundreds of statements a second; a server allows 100 by default."""

POOL_TIMEOUT = 5.0
"""Seconds that a unit of work waits for one of them."""


def create_engine(url: URL, patience: float | None) -> AsyncEngine:
    """Return an engine; `patience` is how many seconds a statement may take."""
    behind_pgbouncer = url.query.get("pgbouncer") == "true"
    # The address goes to asyncpg as it is, because that knows all of libpq's TLS parameters and SQLAlchemy doesn't.
    dsn = url.difference_update_query(["pgbouncer"]).set(drivername="postgresql").render_as_string(hide_password=False)

    # In transaction mode each transaction may get another server connection, where a statement prepared earlier is
    # unknown. Without caches it is prepared anew each time, without a name: under names they would pile up there.
    cached = 0 if behind_pgbouncer else 100

    async def connect(**_: object) -> Any:
        try:
            return await asyncpg.connect(
                dsn, timeout=CONNECT_TIMEOUT, command_timeout=patience or COMMAND_TIMEOUT, statement_cache_size=cached
            )
        except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # SQLAlchemy translates what a connection raises, but not what comes in place of one.
            raise DatabaseAway(str(error) or f"no answer within {CONNECT_TIMEOUT:g} seconds") from error

    arguments = {"async_creator_fn": connect, "prepared_statement_cache_size": cached}
    # No overflow: what SQLAlchemy opens beyond the pool's size it closes after each use, and to open one takes longer
    # than all that is done with it.
    pool: dict[str, Any] = {"pool_size": CONNECTIONS, "max_overflow": 0, "pool_timeout": POOL_TIMEOUT}
    engine = create_async_engine(
        "postgresql+asyncpg://", connect_args=arguments, pool_recycle=1800, hide_parameters=True, **pool
    )
    event.listen(engine.sync_engine, "checkout", _insist_on_connection)
    return engine


def _insist_on_connection(connection: Any, _record: object, _proxy: object) -> None:
    # The server may have restarted since. That is known without asking it, unlike with pool_pre_ping.
    if connection.driver_connection.is_closed():
        raise DisconnectionError
