"""The clock of the web code; functions of `accounts` get the time as an argument."""

from datetime import UTC, datetime, timedelta

LEEWAY = timedelta(minutes=5)
"""By how much the clocks of two servers may differ: one still accepts what the other has signed or stored."""


def now() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)
