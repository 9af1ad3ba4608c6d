"""Errors of migrations, and which of the database's own errors are told in a sentence."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError

_FOR_A_WHILE = {"08", "40", "53", "55", "57", "58"}
"""Classes of PostgreSQL's temporary errors, which the schema doesn't cause: connection lost, deadlock, disk full, …"""


class UnusableDatabase(Exception):
    """The database can't be taken over as it is; the message says why. Nothing was changed."""


@contextmanager
def refusals_in_words(what: str) -> Iterator[None]:
    """Turn a database error into UnusableDatabase with one sentence that begins with `what`; not a temporary error."""
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated or _may_pass(error.orig):
            raise
        said = "; ".join(line.strip() for line in str(error.orig).splitlines() if line.strip())
        raise UnusableDatabase(f"{what}, nothing was changed: {said}") from error


def _may_pass(error: Any) -> bool:
    if isinstance(error, sqlite3.Error):
        code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)  # Python's own errors have no code
        return code & 0xFF not in {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_CORRUPT}
    return (getattr(error, "sqlstate", None) or "08")[:2] in _FOR_A_WHILE
