"""Moments and numbers in pages, as the reader's language writes them; in UTC, as nobody told us where they live."""

from datetime import datetime

from quart_auth_app.web.language import language


def moment(given: datetime) -> str:
    """Return the day and the time of day, such as “1 January 2030, 09:05 UTC”."""
    return language().moment(given)


def day(given: datetime) -> str:
    """Return the day in UTC, such as “1 January 2030”."""
    return language().day(given)


def number(given: int) -> str:
    """Return the number, in groups of three digits where it is long."""
    return language().number(given)
