"""Counting attempts in the database, so that the `limits` hold across all workers and machines."""

import hashlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.errors import TooBusy, TooManyAttempts
from quart_auth_app.accounts.throttling import throttle_statements as statements
from quart_auth_app.accounts.throttling.limits import Counter
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import Attempts

SLACK = timedelta(minutes=1)
"""By how much clocks may differ. Attempts of the same moment reach the database in any order: the first one counted may
be a little later than the next, which must not restart the count."""


async def hit(db: AsyncSession, *counters: Counter, now: datetime) -> int:
    """Count an attempt before it is made, by one statement. Returns the last counter's new count.

    Raises TooManyAttempts if any limit is exceeded; the transaction must then be rolled back.
    """
    keys = [_key(counter) for counter in counters]
    longest = max(limit.window for limit, _ in counters)
    values: dict[str, object] = {"now": now, "too_far": now + longest + SLACK}
    for row, (key, (limit, _)) in enumerate(zip(keys, counters, strict=True)):
        values |= {f"key_{row}": key, f"ends_at_{row}": now + limit.window, f"limit_{row}": limit.attempts}
    counts = dict((await db.execute(statements.hit(db.get_bind().dialect.name, len(keys)), values)).all())
    for key in keys:
        if key not in counts:
            end = await db.scalar(select(Attempts.ends_at).where(Attempts.key == key))
            raise TooManyAttempts(seconds_until(end or now, now=now))
    return counts[keys[-1]]


def keys_of(counters: Iterable[Counter]) -> list[str]:
    """Return the keys of the counters' rows, for look-ups together with other tables."""
    return [_key(counter) for counter in counters]


def refused(rows: Iterable[Attempts], counters: Iterable[Counter], *, now: datetime) -> tuple[Counter, datetime] | None:
    """Return the first counter that is at its limit by these rows, and the end of its window. Counts nothing."""
    by_key = {row.key: row for row in rows}
    for counter in counters:
        limit, _ = counter
        row = by_key.get(_key(counter))
        if row and row.count >= limit.attempts and now < row.ends_at <= now + limit.window + SLACK:
            return counter, row.ends_at
    return None


def seconds_until(end: datetime, *, now: datetime) -> int:
    """Return the value of Retry-After, in whole seconds, for a window that ends at `end`."""
    return max(1, round((end - now).total_seconds()))


async def refund(db: AsyncSession, counter: Counter) -> None:
    """Refund one attempt, because it was not a failure."""
    await db.execute(statements.REFUND, {"counter": _key(counter)})


async def settle(db: AsyncSession, *, refunded: Iterable[Counter], cleared: Counter, now: datetime) -> None:
    """Refund one attempt to each of `refunded`, and clear the count of `cleared`, in one statement."""
    key = _key(cleared)
    await db.execute(statements.SETTLE, {"counters": [*keys_of(refunded), key], "cleared": key, "now": now})


@asynccontextmanager
async def counted_unless_busy(transaction: UnitOfWork, counter: Counter, *, now: datetime) -> AsyncIterator[None]:
    """Count an attempt, and refund it if the server is too busy for it, so that the person can try again.

    Raises TooManyAttempts, and the block's errors.
    """
    async with transaction() as db:
        await hit(db, counter, now=now)
    try:
        yield
    except TooBusy:
        async with transaction() as db:
            await refund(db, counter)
        raise


async def clear(db: AsyncSession, counter: Counter) -> None:
    """Delete the count."""
    await db.execute(statements.CLEAR, {"counter": _key(counter)})


def expired(now: datetime) -> ColumnElement[bool]:
    """Return the condition for counts whose window is over."""
    return Attempts.ends_at <= now


def _key(counter: Counter) -> str:
    # Hashed, because people type passwords into the wrong field, and strangers' addresses are private.
    limit, subject = counter
    return hashlib.sha256(f"{limit.name}\0{subject}".encode()).hexdigest()
