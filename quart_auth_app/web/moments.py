"""Template filters for times and numbers, in the reader's language. Times are in UTC: we don't know time zones."""

from datetime import datetime

from quart_auth_app.web.language import language


def moment(given: datetime) -> str:
    """Return date and time, such as “1 January 2030, 09:05 UTC”."""
    return language().moment(given)


def day(given: datetime) -> str:
    """Return the date in UTC, such as “1 January 2030”."""
    return language().day(given)


def number(given: int) -> str:
    """Return the number; a long one in groups of three digits."""
    return language().number(given)
