"""How long sessions last, and which have expired."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, or_

from quart_auth_app.models import Session

# NIST SP 800-63B asks for 12 h and 30 min (AAL2). These are longer, for sites that people keep open all day.
IDLE = timedelta(hours=1)
ABSOLUTE = timedelta(hours=24)
REMEMBERED_IDLE = timedelta(days=14)
REMEMBERED_ABSOLUTE = timedelta(days=30)

TOUCH_EVERY = timedelta(minutes=1)
"""How old `last_seen_at` may get before it is updated: a write for each page would cost more than the page."""

REPLACED_LASTS = timedelta(seconds=15)
"""How long a replaced session stays active: the second click of a double click sends the old token."""


def _expired(times: Mapping[str, Any]) -> ColumnElement[bool]:
    return or_(
        # The check for NULL is needed: a comparison with NULL is NULL in SQL, and would make the whole condition NULL.
        and_(Session.ends_at.is_not(None), Session.ends_at <= times["now"]),
        Session.last_seen_at <= times["remembered_idle"],
        Session.created_at <= times["remembered_absolute"],
        and_(
            ~Session.remember,
            or_(Session.last_seen_at <= times["idle"], Session.created_at <= times["absolute"]),
        ),
    )


_TIMES = ("now", "idle", "absolute", "remembered_idle", "remembered_absolute")
EXPIRED = _expired({name: bindparam(name) for name in _TIMES})
"""The condition for expired sessions, with parameters; `cutoffs` returns their values."""


def is_stale(last_seen_at: datetime, now: datetime) -> bool:
    """Tell whether it is time to `touch` the session."""
    return now - last_seen_at >= TOUCH_EVERY


def expired(now: datetime) -> ColumnElement[bool]:
    """Return the condition for sessions that have expired."""
    return _expired(cutoffs(now))


def cutoffs(now: datetime) -> dict[str, datetime]:
    """Return the parameters of EXPIRED: a session last used, or started, before these times has expired."""
    return {
        "now": now,
        "idle": now - IDLE,
        "absolute": now - ABSOLUTE,
        "remembered_idle": now - REMEMBERED_IDLE,
        "remembered_absolute": now - REMEMBERED_ABSOLUTE,
    }
