"""Failed log-ins, for the owner's activity: collected in memory, and written to the database every hour.

Writing a row at once for a known account would take longer than writing none for an unknown one, and so reveal which
addresses have accounts. So both are collected alike, and only the hourly work looks up accounts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import outbox
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.throttling import mail_limits
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import User

MAX_ACCOUNTS = 10_000
"""Most addresses collected between two writes; further ones are only in the operator's security log."""

TOLD_FROM = 20
"""Failures in 24 hours from which the owner gets a mail: more than anybody mistypes."""

BATCH = 20
"""Accounts in one transaction. All MAX_ACCOUNTS took six seconds in one, and SQLite's other writers wait for five."""

WRITE_EVERY = 60 * 60
"""Seconds between two writes."""


@dataclass
class _Failures:
    count: int
    browser: Browser
    """The browser of the last failure."""


class FailedLogIns:
    """One process's failed log-ins since they were last written to the database."""

    def __init__(self) -> None:
        self._by_key: dict[str, _Failures] = {}

    def count(self, *, email: str, browser: Browser) -> None:
        """Count one failure for the typed address, whether or not it has an account."""
        self._add(email_addresses.key(email), _Failures(1, browser))

    def _add(self, key: str, failures: _Failures) -> None:
        if earlier := self._by_key.get(key):
            earlier.count += failures.count
            earlier.browser = failures.browser
        elif len(self._by_key) < MAX_ACCOUNTS:
            self._by_key[key] = failures

    async def write(self, transaction: UnitOfWork, *, now: datetime) -> None:
        """Write one event for each account, with the number of failures, and drop addresses without an account."""
        collected, self._by_key = self._by_key, {}
        try:
            while batch := dict(islice(collected.items(), BATCH)):
                async with transaction() as db:
                    for key, failures in batch.items():
                        await _write_one(db, key, failures, now)
                for key in batch:
                    del collected[key]
        finally:
            for key, failures in collected.items():  # none, unless a transaction has failed: the next write tries again
                self._add(key, failures)


async def _write_one(db: AsyncSession, key: str, failures: _Failures, now: datetime) -> None:
    user = (await db.execute(select(User.id, User.email).where(User.email_key == key))).one_or_none()
    if user is None:
        return
    browser, count = failures.browser, failures.count
    await activity.note(db, user_id=user.id, kind="log_in_failed", browser=browser, now=now, count=count)
    total = await activity.failures(db, user_id=user.id, since=now - timedelta(days=1))
    if total >= TOLD_FROM and outbox.is_on(db) and await mail_limits.may_tell_of_failures(db, user_id=user.id, now=now):
        await outbox.queue(
            db, kind="many_failures", to=user.email, user_id=user.id, browser=browser, now=now, count=total
        )
