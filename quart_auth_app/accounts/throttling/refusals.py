"""Recent refusals, cached in the process, so that a flood of refused attempts doesn't load the database."""

import collections
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select

from quart_auth_app.accounts.errors import TooManyAttempts
from quart_auth_app.accounts.throttling import limits, throttle
from quart_auth_app.accounts.throttling.limits import Counter
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Attempts

LASTS = timedelta(seconds=1)
"""How long a refusal is cached. Another process may refund an attempt meanwhile: then somebody waits a second."""

OF_NETWORKS = {
    limits.LOG_IN_BY_ADDRESS,
    limits.LOG_IN_BY_ADDRESS_OF_DEVICES,
    limits.ACCESS_KEY_BY_ADDRESS,
    limits.PROVIDER_BY_ADDRESS,
}
"""The limits whose refusals are cached. An account's are not: after a reset its owner must get in at every worker."""

MAX_REMEMBERED = 10_000
"""Most refusals in the cache; further ones cost a read of the database each."""

_COUNT = select(Attempts.count, Attempts.ends_at).where(Attempts.key == bindparam("counter"))


class Refusals:
    """One process's refusals. It refuses only what the database has refused within LASTS."""

    def __init__(self) -> None:
        self._ends: dict[Counter, tuple[datetime, datetime]] = {}
        self._waiting = collections.Counter[Counter]()
        """How many wait for being counted by `count`."""

    def cache(self, counter: Counter, *, ends_at: datetime, now: datetime) -> None:
        """Cache that the database refuses attempts of this counter until `ends_at`."""
        if len(self._ends) >= MAX_REMEMBERED:
            self._ends = {each: ends for each, ends in self._ends.items() if ends[0] > now}
        if len(self._ends) < MAX_REMEMBERED:
            self._ends[counter] = min(now + LASTS, ends_at), ends_at

    def forget(self, counters: list[Counter]) -> None:
        """Drop the counters from the cache, because an attempt was refunded."""
        for counter in counters:
            self._ends.pop(counter, None)

    def covers(self, counter: Counter, *, now: datetime) -> bool:
        """Tell whether the cache has a refusal for this counter."""
        until, _ = self._ends.get(counter, (now, now))
        return now < until <= now + LASTS

    def look(self, rows: Iterable[Attempts], counters: Iterable[Counter], *, now: datetime) -> None:
        """Raise TooManyAttempts if these rows of the database say that an attempt would be refused."""
        if refused := throttle.refused(rows, counters, now=now):
            counter, ends_at = refused
            if counter[0] in OF_NETWORKS:
                self.cache(counter, ends_at=ends_at, now=now)
            raise TooManyAttempts(throttle.seconds_until(ends_at, now=now))

    def check(self, counters: list[Counter], *, now: datetime) -> None:
        """Raise TooManyAttempts if one of these was refused a moment ago."""
        for counter in counters:
            if self.covers(counter, now=now):
                raise TooManyAttempts(throttle.seconds_until(self._ends[counter][1], now=now))

    async def count(self, database: Database, counter: Counter, *, now: datetime) -> None:
        """Count an attempt of a request that takes no turn, such as a GET: beyond the limit it waits for no writer.

        Those that wait to be counted count already, as a thousand at once would otherwise all wait. Raises
        TooManyAttempts.
        """
        self.check([counter], now=now)
        (key,), (limit, _) = throttle.keys_of([counter]), counter
        count, ends_at = await database.look_up(_COUNT, {"counter": key}) or (0, now)
        if not now < ends_at <= now + limit.window + throttle.SLACK:
            count, ends_at = 0, now + limit.window
        self.look([Attempts(key=key, count=count + self._waiting[counter], ends_at=ends_at)], [counter], now=now)
        self._waiting[counter] += 1
        try:
            async with database.transaction() as db:
                await throttle.hit(db, counter, now=now)
        finally:
            self._waiting[counter] -= 1
            if not self._waiting[counter]:
                del self._waiting[counter]
