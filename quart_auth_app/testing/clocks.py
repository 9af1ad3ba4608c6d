"""A clock that tests set."""

from datetime import UTC, datetime, timedelta

import pytest

from quart_auth_app import clock as clocks


class Clock:
    """The time, as far as accounts can tell. It stands still until it is told otherwise."""

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
