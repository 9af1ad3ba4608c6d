"""The one clock of the web's side; the domain gets the time as an argument."""

from datetime import UTC, datetime, timedelta

LEEWAY = timedelta(minutes=5)
"""How far the clocks of two servers may be apart: what one has signed or noted down still counts at the other."""


def now() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)
