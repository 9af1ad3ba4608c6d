"""A day of a site with many accounts: `python -m bench.population`, a second.

Calculates the day hour by hour for 10^6, 10^7 and 10^8 accounts, with the costs that the bench has measured. Prints how
many machines, processor cores of the database and bytes the site needs, and which of them is too small first. What
people do is assumed: change `HABITS` to what your own site's metrics say.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SIZES = (10**6, 10**7, 10**8)
HOURS = 24


@dataclass(frozen=True, kw_only=True)
class Habits:
    """What people do in a day, assumed. Shares are of all accounts."""

    visits: float = 0.2
    pages_of_a_visit: float = 15
    log_ins: float = 0.05
    """A quarter of the visits; in the others the browser still has a session."""
    sign_ups: float = 0.001
    resets: float = 0.0005
    guesses_hashed: float = 0.05
    """Guesses by attackers that no limit has refused yet: as many as log-ins."""
    active_sessions: float = 0.5
    peak: float = 1.9
    """The load of the busiest hour divided by the mean hour's. Users of one country visit little at night."""


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What each thing costs, measured; docs/scale.md says where."""

    hash_seconds: float = 0.204
    """Of a core: bcrypt of cost 12, bench/results.md."""
    log_in_seconds: float = 0.010
    """Of a core, beside the hash: docs/performance.md, "What limits each line"."""
    page_seconds: float = 1 / 1012
    """Of a core: `/profile` on PostgreSQL, bench/results.md."""
    database_page: float = 0.1e-3
    """Of a core of PostgreSQL: `python -m bench.database_cost`, as the next two."""
    database_log_in: float = 1.2e-3
    database_sign_up: float = 0.8e-3
    rows_of_a_log_in: float = 8
    rows_of_a_sign_up: float = 3
    user_bytes: float = 615
    """With its indexes, as the next two: a million rows of each on PostgreSQL."""
    session_bytes: float = 344
    event_bytes: float = 145


HABITS, COSTS = Habits(), Costs()

EVENTS_KEPT = 180
"""Days, `accounts/history/activity.py`."""

TOUCHED = 1 / 3
"""Share of pages that update `last_seen_at`, at most once a minute for a session (`accounts/sessions/lifetimes.py`)."""

USED = 0.6
"""How busy a core may be at the peak. The rest is a reserve."""

MACHINE = 8
"""Cores of a machine that runs the application."""

DATABASE_MACHINE = 64
"""Cores of the largest machine for a database that most people can rent within an hour."""

CONNECTIONS = 10
"""Connections that a worker may open to the database: it keeps five, and opens five more. Each core has one worker."""

POSTGRES_CONNECTIONS = 500
"""Connections that one PostgreSQL server handles well without a pooler; more cost it too much memory and locking."""


@dataclass(frozen=True)
class Hour:
    """What happens in a second of an hour."""

    pages: float
    log_ins: float
    sign_ups: float
    hashes: float

    def cores(self, costs: Costs = COSTS) -> float:
        """Return how many cores of the application are busy."""
        return self.hashes * costs.hash_seconds + self.log_ins * costs.log_in_seconds + self.pages * costs.page_seconds

    def database_cores(self, costs: Costs = COSTS) -> float:
        """Return how many cores of the database are busy."""
        pages, log_ins = self.pages * costs.database_page, self.log_ins * costs.database_log_in
        return pages + log_ins + self.sign_ups * costs.database_sign_up

    def rows(self, costs: Costs = COSTS) -> float:
        """Return how many rows are written."""
        log_ins, sign_ups = self.log_ins * costs.rows_of_a_log_in, self.sign_ups * costs.rows_of_a_sign_up
        return log_ins + sign_ups + self.pages * TOUCHED


def day(accounts: int, habits: Habits = HABITS) -> Iterator[Hour]:
    """Yield the hours of a day: the busiest is in the evening, the quietest twelve hours earlier."""
    for hour in range(HOURS):
        factor = 1 + (habits.peak - 1) * math.cos(2 * math.pi * (hour - 20) / HOURS)
        people = accounts * factor / (HOURS * 3600)
        log_ins, sign_ups = people * habits.log_ins, people * habits.sign_ups
        hashes = log_ins + sign_ups + people * (habits.guesses_hashed + habits.resets)
        yield Hour(people * habits.visits * habits.pages_of_a_visit, log_ins, sign_ups, hashes)


def busiest(accounts: int, habits: Habits = HABITS) -> Hour:
    """Return the busiest hour, which decides what the site needs."""
    return max(day(accounts, habits), key=Hour.cores)


def machines(accounts: int) -> int:
    """Return how many machines of MACHINE cores the application needs."""
    return math.ceil(busiest(accounts).cores() / USED / MACHINE)


def database_bytes(accounts: int, habits: Habits = HABITS, costs: Costs = COSTS) -> float:
    """Return the size of the tables that grow: users, sessions, and the events of EVENTS_KEPT days."""
    events = EVENTS_KEPT * habits.log_ins
    of_one = costs.user_bytes + habits.active_sessions * costs.session_bytes + events * costs.event_bytes
    return accounts * of_one


LIMITS: dict[str, Callable[[int], float]] = {
    "one machine for the application": lambda accounts: busiest(accounts).cores() / USED / MACHINE,
    "connections to PostgreSQL without a pooler": lambda accounts: (
        machines(accounts) * MACHINE * CONNECTIONS / POSTGRES_CONNECTIONS
    ),
    "one machine for the database": lambda accounts: busiest(accounts).database_cores() / USED / DATABASE_MACHINE,
    "a terabyte, restored from a backup in an hour at 300 MB/s": lambda accounts: database_bytes(accounts) / 1e12,
}
"""What may become too small, and how much of it a number of accounts uses: 1 is all."""


def breaks_at(limit: Callable[[int], float]) -> float:
    """Return the number of accounts at which a limit is reached, to two digits."""
    low, high = 1.0, 1e12
    while high / low > 1.001:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if limit(int(middle)) <= 1 else (low, middle)
    return float(f"{low:.1e}")


def tables() -> str:
    """Return the tables of docs/scale.md."""
    lines = [
        "| Accounts | Pages a second | Log-ins a second | Machines of 8 cores | Cores of the database "
        "| Rows written a second | Size |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for accounts in SIZES:
        hour = busiest(accounts)
        lines.append(
            f"| {accounts:,} | {hour.pages:,.0f} | {hour.log_ins:,.1f} | {machines(accounts):,} "
            f"| {hour.database_cores() / USED:,.2f} | {hour.rows():,.0f} | {database_bytes(accounts) / 1e9:,.1f} GB |"
        )
    lines += ["", "| What is too small first | At so many accounts |", "|---|---:|"]
    for name, limit in sorted(LIMITS.items(), key=lambda each: breaks_at(each[1])):
        lines.append(f"| {name} | {breaks_at(limit):,.0f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(tables())
