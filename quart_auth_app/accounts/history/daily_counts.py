"""How often people sign up, log in and are refused: counted in memory, and added up by day in the database.

If every log-in wrote to the same row, all would wait for its lock. So each process counts in memory, and adds its
counts to the day's rows once a minute and at its end. A process that is killed loses at most a minute.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import DailyCount

DAYS = 30
"""How many days are shown, including today."""

KEEP = timedelta(days=DAYS + 1)
"""How long rows are kept: a day longer, as two servers' clocks may be on two sides of midnight."""

WRITE_EVERY = 60
"""Seconds between two writes."""

SIGN_UPS = ("sign_up",)
LOG_INS = ("log_in",)
FAILURES = ("log_in_failed", "second_step_failed", "passkey_failed", "mailed_log_in_failed", "provider_failed")
REFUSALS = ("throttled", "busy", "cross_site_refused", "host_refused", "role_missing", "access_key_refused")
COUNTED = {*SIGN_UPS, *LOG_INS, *FAILURES, *REFUSALS}
"""The events of the security log that are counted."""


@dataclass(frozen=True)
class Day:
    """The counts of one day, in UTC."""

    day: date
    sign_ups: int
    log_ins: int
    log_ins_failed: int
    refusals: int


class DailyCounts:
    """One process's counts since they were last written to the database."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[date, str]] = Counter()

    def count(self, event: str, *, now: datetime) -> None:
        """Count the event, if it is one of COUNTED."""
        if event in COUNTED:
            self._counts[now.date(), event] += 1

    async def write(self, transaction: UnitOfWork) -> None:
        """Add the counts to those in the database. Raises DatabaseAway; then the next write tries again."""
        counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            async with transaction() as db:
                # In the same order in every process, so that no two deadlock.
                for (day, event), count in sorted(counts.items()):
                    await _add(db, day, event, count)
        except BaseException:
            self._counts += counts
            raise

    async def days(self, db: AsyncSession, *, now: datetime) -> list[Day]:
        """Return the last DAYS days, oldest first, including counts that this process has not written yet."""
        days = [now.date() - timedelta(days=each) for each in reversed(range(DAYS))]
        rows = await db.execute(
            select(DailyCount.day, DailyCount.event, DailyCount.count).where(DailyCount.day >= days[0])
        )
        found = self._counts.copy()
        for day, event, count in rows:
            found[day, event] += count
        return [_day(each, found) for each in days]


def _day(day: date, counts: Counter[tuple[date, str]]) -> Day:
    sums = [sum(counts[day, event] for event in events) for events in (SIGN_UPS, LOG_INS, FAILURES, REFUSALS)]
    return Day(day, *sums)


async def _add(db: AsyncSession, day: date, event: str, count: int) -> None:
    insert = postgresql.insert if db.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(DailyCount).values(day=day, event=event, count=count)
    keys = [DailyCount.day, DailyCount.event]
    added = {"count": DailyCount.count + statement.excluded.count}
    await db.execute(statement.on_conflict_do_update(index_elements=keys, set_=added))


async def prune(db: AsyncSession, *, now: datetime) -> None:
    """Delete the counts of days that are not shown any more."""
    await db.execute(delete(DailyCount).where(DailyCount.day < (now - KEEP).date()))
