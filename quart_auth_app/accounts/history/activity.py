"""An account's activity, as its owner sees it: what happened, when, and from which browser.

An event is written in the transaction of the act itself, so that neither exists without the other.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, Table, bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import outbox
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.history.activity_kinds import KINDS, LIMITED, NOTICED
from quart_auth_app.accounts.throttling import limits, throttle
from quart_auth_app.models import SecurityEvent, User

NOTHING: Mapping[str, str | int | bool] = {}

KEEP = timedelta(days=180)
"""How long an event is kept; CNIL recommends six months to a year for such logs."""

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
NEWEST = 2**31 - 1
"""The largest number that PostgreSQL's INTEGER holds."""


async def note(
    db: AsyncSession, *, user_id: int, kind: str, browser: Browser, now: datetime, **details: str | int | bool
) -> None:
    """Write an event of this kind, one of KINDS; one of NOTICED is mailed too.

    Raises TooManyAttempts if the act is of a kind in LIMITED and was done too often; it is rolled back then.
    """
    assert kind in KINDS  # noqa: S101  # a misspelt kind is a bug, which the first test of it finds
    if kind in LIMITED and not browser.is_operator:
        await throttle.hit(db, (limits.CHANGES_OF_ACCOUNT, f"{user_id} {kind}"), now=now)
    if kind in NOTICED and outbox.is_on(db) and (kind != "logged_in" or await _is_news(db, user_id, details)):
        to = await db.scalar(select(User.email).where(User.id == user_id))
        await outbox.queue(db, kind=kind, to=to or "", user_id=user_id, browser=browser, now=now)
    await write(db, user_id=user_id, kind=kind, browser=browser.name, address=browser.address, now=now, details=details)


async def write(
    db: AsyncSession,
    *,
    user_id: int,
    kind: str,
    browser: str,
    address: str,
    now: datetime,
    details: Mapping[str, str | int | bool] = NOTHING,
) -> None:
    """Write an event without a mail. `browser` is the browser's name."""
    row = {"user_id": user_id, "at": now, "kind": kind, "address": address, "browser": browser, "details": details}
    await db.execute(_NOTE, row)


async def _is_news(db: AsyncSession, user_id: int, details: Mapping[str, object]) -> bool:
    """Tell whether a log-in came from a new browser, except the first after sign-up, which is the owner's own."""
    kinds = select(SecurityEvent.kind).where(
        SecurityEvent.user_id == user_id, SecurityEvent.kind.in_(["created", "logged_in"])
    )
    return bool(details["new_device"]) and set(await db.scalars(kinds.distinct())) != {"created"}


async def has(db: AsyncSession, *, user_id: int, kind: str, since: datetime) -> bool:
    """Tell whether something of this kind has happened to the account since then."""
    query = select(SecurityEvent.id).where(
        SecurityEvent.user_id == user_id, SecurityEvent.kind == kind, SecurityEvent.at >= since
    )
    return await db.scalar(query.limit(1)) is not None


async def failures(db: AsyncSession, *, user_id: int, since: datetime) -> int:
    """Return how many log-ins have failed since then; those that are still in memory don't count."""
    query = select(SecurityEvent.details).where(
        SecurityEvent.user_id == user_id, SecurityEvent.kind == "log_in_failed", SecurityEvent.at > since
    )
    return sum(details["count"] for details in await db.scalars(query))


async def page(db: AsyncSession, *, user_id: int, before: int | None = None) -> Sequence[SecurityEvent]:
    """Return the newest PAGE events, or the newest of those with numbers below `before`."""
    before = NEWEST if before is None else before
    return (await db.scalars(_PAGE, {"user": user_id, "before": before})).all()


def number(given: str) -> int | None:
    """Return the number that a browser sent for an event or a session; None if it can't be one."""
    # Check the length first: Python refuses to parse a number with thousands of digits.
    if not (given.isascii() and given.isdigit() and len(given) <= len(str(NEWEST))):
        return None
    return int(given) if int(given) <= NEWEST else None


def expired(now: datetime) -> ColumnElement[bool]:
    """Return the condition for events that are older than KEEP."""
    return SecurityEvent.at <= now - KEEP
