"""Finds faults in a database that works all the same. Each finding is a line that says what to do.

The checks take a connection, not a session: `Database` returns no session while the schema is outdated, which is one
of the faults to find.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_auth_app.database import migrations
from quart_auth_app.database.migrations.differences import differences
from quart_auth_app.models import Mail, Session

MAX_SKEW = timedelta(seconds=5)
"""Largest accepted difference of two clocks; with NTP they differ by milliseconds."""


async def about_schema(connection: AsyncConnection) -> list[str]:
    """Return the differences between the schema and this version's."""
    try:
        revision = await connection.run_sync(migrations.revision)
    except migrations.UnusableDatabase as error:
        return [str(error)]
    if revision != migrations.HEAD:
        state = f"at {revision}" if revision else "not there"
        return [f"The schema is {state}, this version needs {migrations.HEAD}; run: quart-auth-app db upgrade"]
    found = await connection.run_sync(differences)
    return [f"The schema was changed by other hands; to be as it should it needs: {_in_words(each)}" for each in found]


def _in_words(difference: Any) -> str:
    # In Alembic's form: a tuple of an action and its objects, or a list of such tuples for changes of one column.
    if isinstance(difference, list):
        return ", ".join(map(_in_words, difference))
    action, *subjects = difference
    names = [getattr(subject, "name", subject) for subject in subjects]
    return " ".join([action.replace("_", " "), *(name for name in names if isinstance(name, str))])


async def about_clocks(connection: AsyncConnection, *, clock: Callable[[], datetime]) -> list[str]:
    """Return which clocks are wrong. `clock` is read before and after the query, because that may take long."""
    found = []
    if connection.dialect.name == "postgresql":
        before = clock()
        theirs: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
        after = clock()
        if not before - MAX_SKEW <= theirs <= after + MAX_SKEW:
            found.append(
                f"The database server's clock says {theirs:%Y-%m-%d %H:%M:%S %Z} and this machine's "
                f"{after:%Y-%m-%d %H:%M:%S %Z}; let both follow NTP"
            )
    latest = await connection.scalar(select(func.max(Session.created_at)))
    if latest and latest > clock() + MAX_SKEW:
        found.append(
            f"The latest log-in will be at {latest:%Y-%m-%d %H:%M:%S %Z}: this machine's clock is behind, or another's "
            "was ahead; let all follow NTP, and end such sessions with: quart-auth-app session revoke --all"
        )
    return found


async def about_writes(connection: AsyncConnection) -> list[str]:
    """Return whether PostgreSQL refuses all writes, as replicas do. Some hosts make it so when a disk is full."""
    if connection.dialect.name != "postgresql":
        return []
    refuses = text("SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean")
    if not await connection.scalar(refuses):
        return []
    return [
        "The database takes no writes, so nobody can log in: it is a replica, or default_transaction_read_only is on; "
        "name the primary in DATABASE_URL, or see whether its disk is full"
    ]


async def about_outbox(connection: AsyncConnection) -> list[str]:
    """Return how many mails have failed."""
    failed = await connection.scalar(select(func.count()).select_from(Mail).where(Mail.failed.is_not(None)))
    if not failed:
        return []
    return [f"Mails that could not be sent: {failed}; quart-auth-app mail list says why, mail retry tries them again"]
