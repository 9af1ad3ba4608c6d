"""Moments, as people read them: always in UTC, as nobody has told us where they live."""

from datetime import UTC, datetime

from quart import Quart

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def init_app(app: Quart) -> None:
    """Give the templates `{{ … | moment }}` and `{{ … | day }}`."""
    app.add_template_filter(moment, "moment")
    app.add_template_filter(day, "day")


def moment(given: datetime) -> str:
    """Return the day and the time of day, such as “1 January 2030, 09:05 UTC”."""
    given = given.astimezone(UTC)
    return f"{day(given)}, {given:%H:%M} UTC"


def day(given: datetime) -> str:
    """Return the day in UTC, such as “1 January 2030”. Not by strftime: the process may speak another language."""
    given = given.astimezone(UTC)
    return f"{given.day} {MONTHS[given.month - 1]} {given.year}"
