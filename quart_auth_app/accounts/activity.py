"""The user's own security log: what happened to the account, when, from which browser.

An event is noted in the transaction of the act itself, so that one is never there without the other.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.models import SecurityEvent

KINDS = {
    "created": "The account was created",
    "logged_in": "Log-in",
    "log_in_failed": "Failed log-ins",
    "second_step_failed": "A wrong code after the right password",
    "recovery_code_used": "Log-in with a recovery code",
    "second_step_on": "The second step was turned on",
    "second_step_off": "The second step was turned off",
    "recovery_codes_renewed": "The recovery codes were replaced",
    "logged_out": "Log-out",
    "sessions_revoked": "Sessions were ended",
    "password_changed": "The password was changed",
    "name_changed": "The name was changed",
    "exported": "The data of the account were downloaded",
    "deletion_asked": "The account is to be deleted",
    "deletion_cancelled": "The account is to be kept",
    "disabled": "The account was closed",
    "enabled": "The account was opened again",
}
"""Every kind of event, and what its owner reads."""

KEEP = timedelta(days=180)
"""How long an event is kept: CNIL advises six months to a year for such logs."""

PAGE = 50
"""Events on one page."""

_table = cast(Table, SecurityEvent.__table__)
_NOTE = insert(_table)
_PAGE = (
    select(SecurityEvent)
    .where(SecurityEvent.user_id == bindparam("user"), SecurityEvent.id < bindparam("before"))
    .order_by(SecurityEvent.id.desc())
    .limit(PAGE)
)
_NEWEST = 2**31 - 1
"""The largest number that PostgreSQL's INTEGER holds."""


async def note(
    db: AsyncSession, *, user_id: int, kind: str, browser: Browser, now: datetime, **details: str | int | bool
) -> None:
    """Note that something of this kind, one of KINDS, has happened to the account."""
    assert kind in KINDS  # noqa: S101  # a misspelt kind is a bug of ours, found by the first test that meets it
    row = {
        "user_id": user_id,
        "at": now,
        "kind": kind,
        "address": browser.address,
        "browser": browser.name,
        "details": details,
    }
    await db.execute(_NOTE, row)


async def page(db: AsyncSession, *, user_id: int, before: int | None = None) -> Sequence[SecurityEvent]:
    """Return the newest PAGE events, or the newest of those with numbers below `before`."""
    before = _NEWEST if before is None else before
    return (await db.scalars(_PAGE, {"user": user_id, "before": before})).all()


def number(given: str) -> int | None:
    """Return the number that a browser sent for an event or a session; None if it can't be one."""
    # The length first: Python refuses to read a number of some thousand digits.
    if not (given.isascii() and given.isdigit() and len(given) <= len(str(_NEWEST))):
        return None
    return int(given) if int(given) <= _NEWEST else None


async def prune(db: AsyncSession, *, now: datetime) -> None:
    """Delete events that are older than KEEP."""
    await db.execute(delete(SecurityEvent).where(SecurityEvent.at <= now - KEEP))
