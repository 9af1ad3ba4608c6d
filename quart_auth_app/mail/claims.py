"""Claims on the outbox: each due mail is claimed by one sender, and comes back if that one doesn't finish it.

A claim is the row's `due_at`, set to a later time. The number of attempts tells whose claim it is.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update

from quart_auth_app import clock
from quart_auth_app.accounts import outbox
from quart_auth_app.database.units_of_work import UnitsOfWork
from quart_auth_app.models import Mail

LEASE = timedelta(minutes=2)
"""How long a claim lasts; sending takes at most the seconds of `mail/smtp.py`, which are 67, and one hash."""

BACKOFF = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30))
LATER = timedelta(hours=1)
"""The wait after the first, second, … try, and after all further ones. Greylisting ends within minutes."""

CLOCKS = timedelta(minutes=1)
"""By how much clocks may differ. If a mail is due later than LATER and this, a clock was ahead: it is due now."""

SURELY_AHEAD = timedelta(days=1)
"""An end that is later than usual by more than this was set while a clock was ahead. By less, our clock may be
behind, as by a wrong time zone: an earlier end would be over as soon as the clock is right again."""

_waiting = select(Mail.id).where(Mail.failed.is_(None)).order_by(Mail.due_at, Mail.id).limit(1)


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after this many tries."""
    return BACKOFF[attempts - 1] if attempts <= len(BACKOFF) else LATER


async def claim(database: UnitsOfWork) -> Mail | None:
    """Claim a due mail and return it, or None. Raises DatabaseAway."""
    now = clock.now()
    # One after the other: joined by OR, they would make the database read all mail that waits for its next try.
    first = await _claim_first(database, Mail.due_at <= now, now)
    return first or await _claim_first(database, Mail.due_at > now + LATER + CLOCKS, now)


async def _claim_first(database: UnitsOfWork, is_due: ColumnElement[bool], now: datetime) -> Mail | None:
    # One statement claims, so that only one of several senders gets the mail.
    next_one = _waiting.where(is_due)
    async with database.reading() as db:  # without a write lock: the outbox is mostly empty
        if await db.scalar(next_one) is None:
            return None
    async with database.transaction() as db:
        which = next_one.with_for_update(skip_locked=True).scalar_subquery()
        query = update(Mail).where(Mail.id == which).values(due_at=now + LEASE, attempts=Mail.attempts + 1)
        mail: Mail | None = await db.scalar(query.returning(Mail).execution_options(synchronize_session=False))
        return mail


async def change(database: UnitsOfWork, mail: Mail, **values: object) -> None:
    """Store these values in the mail's row, if it is still this sender's. Raises DatabaseAway."""
    query = update(Mail).where(*_still_ours(mail)).values(_from_now(mail, clock.now()) | values)
    async with database.transaction() as db:
        await db.execute(query.execution_options(synchronize_session=False))


async def delete_sent(database: UnitsOfWork, mail: Mail) -> None:
    """Delete the mail's row, if it is still this sender's. Raises DatabaseAway."""
    async with database.transaction() as db:
        await db.execute(delete(Mail).where(*_still_ours(mail)))


def _from_now(mail: Mail, now: datetime) -> dict[str, datetime]:
    """Return the times of a mail that was asked for while a clock was ahead, as if it were asked for now."""
    lasts = min(mail.give_up_at - mail.created_at, outbox.NOTICE_LASTS)
    if mail.give_up_at <= now + lasts + SURELY_AHEAD:
        return {}
    return {"created_at": min(mail.created_at, now), "give_up_at": now + lasts}


def _still_ours(mail: Mail) -> tuple[ColumnElement[bool], ...]:
    # A sender that took longer than LEASE must not change a mail that another one has claimed since.
    return Mail.id == mail.id, Mail.attempts == mail.attempts
