"""How long sessions last, and which have expired."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, or_

from quart_auth_app.models import Session

# NIST SP 800-63B asks for 12 h and 30 min (AAL2); these are longer, as for sites people keep open all day.
IDLE = timedelta(hours=1)
ABSOLUTE = timedelta(hours=24)
REMEMBERED_IDLE = timedelta(days=14)
REMEMBERED_ABSOLUTE = timedelta(days=30)

TOUCH_EVERY = timedelta(minutes=1)
"""How stale `last_seen_at` may get: a write for each page would cost more than the page."""

REPLACED_LASTS = timedelta(seconds=15)
"""How long a session that was renewed still counts: the second click of a double click comes with the old token."""


def _expired(times: Mapping[str, Any]) -> ColumnElement[bool]:
    return or_(
        # Not the comparison alone: without an end it is neither true nor false in SQL, and so is the whole.
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
"""True in SQL for an expired session. Its values are those of `cutoffs`."""


def is_stale(last_seen_at: datetime, now: datetime) -> bool:
    """Tell whether it is time to `touch` the session."""
    return now - last_seen_at >= TOUCH_EVERY


def expired(now: datetime) -> ColumnElement[bool]:
    """Tell sessions whose time is over from the others."""
    return _expired(cutoffs(now))


def cutoffs(now: datetime) -> dict[str, datetime]:
    """Return the values of EXPIRED: the moments before which a session was last used or started, if it has expired."""
    return {
        "now": now,
        "idle": now - IDLE,
        "absolute": now - ABSOLUTE,
        "remembered_idle": now - REMEMBERED_IDLE,
        "remembered_absolute": now - REMEMBERED_ABSOLUTE,
    }
