"""Whether something that was stored with the moment of its end is still valid."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import InstrumentedAttribute

from quart_auth_app.clock import LEEWAY


def is_valid(ends_at: InstrumentedAttribute[Any], *, lasts: timedelta, now: datetime) -> ColumnElement[bool]:
    """Return the condition for what has not expired, and lasts for `lasts` from its beginning.

    What ends later than if it began now was stored while a server's clock was ahead. It is not valid: else, when the
    clock is right again, a mailed link would work for as long as the clock was wrong.
    """
    return and_(ends_at > now, ends_at <= now + lasts + LEEWAY)
