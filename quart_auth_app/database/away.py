"""Which errors mean that the database is away: the others are mistakes of ours, and are raised as they are."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from quart_auth_app.database import sqlite
from quart_auth_app.database.errors import DatabaseAway

CONFLICTS = {"40001", "40P01"}
"""SQLSTATEs of a transaction that PostgreSQL ended because of another one: serialization failure, deadlock."""


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
        if error.connection_invalidated or getattr(error.orig, "sqlstate", None) in CONFLICTS:
            raise DatabaseAway(str(error.__cause__ or error)) from error
        raise
