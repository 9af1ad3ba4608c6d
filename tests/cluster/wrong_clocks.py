"""A wrong clock on one machine: namespaces share the real one, so a program is told another time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

LIBRARY = next((str(each) for each in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), "")
"""Debian's faketime. It goes between a program and the clock."""

AN_HOUR_AHEAD = (
    "env",
    f"LD_PRELOAD={LIBRARY}",
    "FAKETIME=+1h",
    # What only measures how long something takes stays right. One name is the older one.
    "DONT_FAKE_MONOTONIC=1",
    "FAKETIME_DONT_FAKE_MONOTONIC=1",
)
"""Goes before a command."""


def insist(clock: datetime) -> None:
    """Refuse to go on if that clock is right."""
    ahead = clock - datetime.now(UTC)
    assert timedelta(minutes=55) < ahead < timedelta(minutes=65), f"the clock is {ahead} ahead, not an hour"
