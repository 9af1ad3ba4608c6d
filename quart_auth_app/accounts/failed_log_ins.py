"""Failed log-ins, for the owner's security log: noted in memory, and written down from time to time.

To write a row for a known account at once would take longer than to write none for an unknown one, so that a clock
could tell which addresses have accounts. So both are noted alike, and only the hourly work looks who has an account.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import activity, email_addresses, mail_limits, outbox
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import User

MAX_ACCOUNTS = 10_000
"""Addresses that are noted at most between two writes; those beyond are in the operator's security log alone."""

TOLD_FROM = 20
"""Failures in 24 hours from which on the owner is told by mail: more than anybody mistypes."""

WRITE_EVERY = 60 * 60
"""Seconds between two writes."""


@dataclass
class _Failures:
    count: int
    browser: Browser
    """The last one."""


class FailedLogIns:
    """One process's failed log-ins since they were last written down."""

    def __init__(self) -> None:
        self._by_key: dict[str, _Failures] = {}

    def note(self, *, email: str, browser: Browser) -> None:
        """Note one failure for the address that was typed, whether or not it has an account."""
        self._add(email_addresses.key(email), _Failures(1, browser))

    def _add(self, key: str, failures: _Failures) -> None:
        if earlier := self._by_key.get(key):
            earlier.count += failures.count
            earlier.browser = failures.browser
        elif len(self._by_key) < MAX_ACCOUNTS:
            self._by_key[key] = failures

    async def write(self, transaction: UnitOfWork, *, now: datetime) -> None:
        """Write one event for each known account, with the number of failures, and forget the rest."""
        noted, self._by_key = self._by_key, {}
        if not noted:
            return
        try:
            async with transaction() as db:
                for key, failures in noted.items():
                    await _write_one(db, key, failures, now)
        except BaseException:
            for key, failures in noted.items():  # the next write tries again
                self._add(key, failures)
            raise


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
