"""A clock that tests control."""

from datetime import UTC, datetime, timedelta

import pytest

from quart_auth_app import clock as clocks


class Clock:
    """The time for accounts. It stands still until a test changes it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def advance(self, step: timedelta) -> None:
        """Let time pass."""
        self.now += step


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Stop the clock; `clock.advance(timedelta(hours=1))` lets time pass."""
    fake = Clock(datetime(2030, 1, 1, tzinfo=UTC))
    monkeypatch.setattr(clocks, "now", lambda: fake.now)
    return fake
