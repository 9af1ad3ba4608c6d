"""The one clock of the web's side; the domain gets the time as an argument."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)
