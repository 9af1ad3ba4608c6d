"""Which errors mean that the database is away: the others are mistakes of ours, and are raised as they are."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from quart_auth_app.database import sqlite
from quart_auth_app.database.errors import DatabaseAway

NOT_NOW = (
    *("40001", "40P01", "55P03"),  # another transaction was in the way: serialization failure, deadlock, lock timeout
    "25006",  # the server is a read-only replica
    *("08", "53", "57", "58"),  # no connection; no disk, memory or connection left; cancelled or shut down; disk errors
)
"""What the SQLSTATE of an error begins with if a later try may succeed (PostgreSQL's manual, appendix A)."""


@contextmanager
def away_in_words() -> Iterator[None]:
    """Turn an error of a database that is away into DatabaseAway; its message says what happened."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        if sqlite.is_programming_error(getattr(error, "orig", None)):
            raise
        raise DatabaseAway(str(error.__cause__ or error)) from error
    except TimeoutError as error:  # asyncpg raises it after COMMAND_TIMEOUT
        raise DatabaseAway("no answer in time") from error
    except DBAPIError as error:
        if error.connection_invalidated or str(getattr(error.orig, "sqlstate", "")).startswith(NOT_NOW):
            raise DatabaseAway(str(error.__cause__ or error)) from error
        raise
