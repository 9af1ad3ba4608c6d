"""PostgreSQL's engine."""

from typing import Any

import asyncpg
from sqlalchemy import URL, ExceptionContext, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from quart_auth_app import database_urls
from quart_auth_app.database.errors import DatabaseAway
from quart_auth_app.database.hosts import first_connection

CONNECT_TIMEOUT = 5.0
"""Seconds that opening a connection may take."""

COMMAND_TIMEOUT = 4.0
"""Seconds that a statement may take; ours take milliseconds."""

CONNECTIONS = 10
"""Connections of one worker. Each carries hundreds of statements a second; a server allows 100 by default."""

NO_CONNECTION = (
    *(OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError),
    asyncpg.TargetServerAttributeNotMatched,  # a read-only replica answered
)
"""What asyncpg raises if it can't connect."""

POOL_TIMEOUT = 5.0
"""Seconds that a unit of work waits for a free connection."""


def create_engine(url: URL, patience: float | None) -> AsyncEngine:
    """Return an engine; `patience` is how many seconds a statement may take."""
    behind_pgbouncer = url.query.get("pgbouncer") == "true"
    several = database_urls.hosts(url)
    ours = ["pgbouncer", "host"] if several else ["pgbouncer"]
    # asyncpg gets the URL itself: it knows all of libpq's TLS parameters, and SQLAlchemy doesn't.
    dsn = url.difference_update_query(ours).set(drivername="postgresql").render_as_string(hide_password=False)
    # Of several hosts only one accepts writes, and which one may change. By default asyncpg takes any that answers.
    places: list[dict[str, Any]] = [{"host": host, "port": port} for host, port in several] or [{}]
    if several and "target_session_attrs" not in url.query:
        places = [place | {"target_session_attrs": database_urls.WRITABLE[0]} for place in places]

    # In PgBouncer's transaction mode each transaction may get another server connection, which doesn't know statements
    # prepared earlier. Without a cache, statements are prepared each time without a name, so none pile up there.
    cached = 0 if behind_pgbouncer else 100

    async def connect_to(place: dict[str, Any]) -> asyncpg.Connection:
        connection = await asyncpg.connect(
            dsn,
            **place,
            timeout=CONNECT_TIMEOUT,
            command_timeout=patience or COMMAND_TIMEOUT,
            statement_cache_size=cached,
        )
        places.sort(key=lambda each: each is not place)  # asked first from now on
        return connection

    async def connect(**_: object) -> asyncpg.Connection:
        found = await first_connection(tuple(places), connect_to, NO_CONNECTION)
        if not isinstance(found, list):
            return found
        # SQLAlchemy translates errors of a connection, but not errors of connecting.
        said = "; ".join(str(error) or f"no answer within {CONNECT_TIMEOUT:g} seconds" for error in found)
        raise DatabaseAway(said) from found[0]

    arguments = {"async_creator_fn": connect, "prepared_statement_cache_size": cached}
    # No overflow: SQLAlchemy closes the connections beyond the pool's size after each use, and opening one takes longer
    # than the work done on it.
    pool: dict[str, Any] = {"pool_size": CONNECTIONS, "max_overflow": 0, "pool_timeout": POOL_TIMEOUT}
    engine = create_async_engine(
        "postgresql+asyncpg://", connect_args=arguments, pool_recycle=1800, hide_parameters=True, **pool
    )
    event.listen(engine.sync_engine, "checkout", _insist_on_connection)
    event.listen(engine.sync_engine, "handle_error", _leave_out_details)
    event.listen(engine.sync_engine, "handle_error", _leave_replica)
    if several:
        event.listen(engine.sync_engine, "handle_error", _leave_host_without_answer)
    return engine


def _insist_on_connection(connection: Any, _record: object, _proxy: object) -> None:
    # The server may have restarted meanwhile. This check needs no round trip, unlike pool_pre_ping.
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _leave_out_details(context: ExceptionContext) -> None:
    # In DETAIL the server repeats values: all of a row that a constraint refuses, with the password's hash.
    driver = context.original_exception.__cause__
    if isinstance(driver, asyncpg.PostgresError):
        driver.detail = driver.hint = None
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error:
            error.args = tuple(str(each).partition("\nDETAIL:")[0] for each in error.args)


def _leave_replica(context: ExceptionContext) -> None:
    # The host has become a read-only replica: none of its connections is of use any more. Behind one name, too, there
    # may be another host by now.
    if isinstance(context.original_exception.__cause__, asyncpg.ReadOnlySQLTransactionError):
        context.is_disconnect = True


def _leave_host_without_answer(context: ExceptionContext) -> None:
    if isinstance(context.original_exception, TimeoutError):
        context.is_disconnect = True
