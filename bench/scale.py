"""How long each measurement takes, and how often it is repeated."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Durations (in seconds) and numbers of a run."""

    page_rounds: int
    page_seconds: int
    """For wrk, which takes only whole seconds, for each page in each round."""

    hash_rounds: int
    log_in_seconds: float
    storm_seconds: float
    users: int
    """In every database except those of the measurement of growth."""

    idle_rounds: int
    idle_connections: int
    idle_seconds: float
    growth_rounds: int
    growth_seconds: int
    """For wrk, and for log-ins, for each database in each round."""

    growth_users: tuple[int, ...]
    """From small to large; the last one is measured with as many sessions too."""

    warm_up_requests: int = 100


FULL = Scale(
    page_rounds=5,
    page_seconds=2,
    hash_rounds=3,
    log_in_seconds=30,
    storm_seconds=6,
    users=1000,
    idle_rounds=3,
    idle_connections=5000,
    idle_seconds=4,
    growth_rounds=3,
    growth_seconds=4,
    growth_users=(1000, 100_000, 1_000_000),
)

QUICK = Scale(
    page_rounds=2,
    page_seconds=1,
    hash_rounds=1,
    log_in_seconds=2.5,
    storm_seconds=2.5,
    users=1000,
    idle_rounds=1,
    idle_connections=500,
    idle_seconds=1,
    growth_rounds=1,
    growth_seconds=2,
    growth_users=(1000, 20_000),
)
