"""Limits on attempts, counted in the database, so that they hold across all workers and machines."""

import hashlib
import ipaddress
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import cast

from sqlalchemy import (
    ColumnElement,
    Integer,
    Table,
    bindparam,
    case,
    delete,
    literal,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from quart_auth_app.accounts import email_addresses
from quart_auth_app.accounts.errors import TooBusy, TooManyAttempts
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.database.upserts import INSERT
from quart_auth_app.models import Attempts


@dataclass(frozen=True)
class Limit:
    """At most `attempts` in a time window that begins with the first one."""

    name: str
    attempts: int
    window: timedelta


# One address may be a whole school behind a router; an account has one owner, who mistypes a few times at most. NIST
# SP 800-63B allows 100 failures in a row. Five in five minutes allow 1,440 guesses a day; by zxcvbn it takes 10^8.
LOG_IN_BY_ADDRESS = Limit("log-in by address", 10, timedelta(minutes=1))
LOG_IN_BY_ACCOUNT = Limit("log-in by account", 5, timedelta(minutes=5))
# Known browsers have counts of their own, so that no stranger locks them out. All together they get only as many
# guesses as two of them: so a thief of one cookie, or of many, gains little.
LOG_IN_BY_DEVICE = Limit("log-in by device", 5, timedelta(minutes=5))
LOG_IN_BY_ALL_DEVICES = Limit("log-in by all devices of an account", 10, timedelta(minutes=5))
LOG_IN_BY_ADDRESS_OF_DEVICES = Limit("log-in by address, known browsers", 10, timedelta(minutes=1))
# Each successful log-in costs a hash and adds a row. No person logs in every 20 seconds; a test suite may.
LOG_INS_OF_ACCOUNT = Limit("log-in that succeeds, by account", 30, timedelta(minutes=10))
# Counted only after a proven first factor. Three of a million codes are right at any moment: with five tries in five
# minutes alone, a guesser would succeed in a year with 79 %; with twenty a day it is 2 %.
SECOND_STEP_BY_ACCOUNT = Limit("second step by account", 5, timedelta(minutes=5))
SECOND_STEP_BY_ACCOUNT_A_DAY = Limit("second step by account a day", 20, timedelta(days=1))
SECOND_STEP_BY_DEVICE = Limit("second step by device", 5, timedelta(minutes=5))
SECOND_STEP_BY_ALL_DEVICES_A_DAY = Limit("second step by all devices a day", 20, timedelta(days=1))
EMAIL_CHANGE_BY_ACCOUNT = Limit("e-mail change by account", 5, timedelta(hours=1))
# A passkey can't be guessed. This only limits the work of checking signatures. It is separate from the limit for
# passwords, so that somebody who guesses those doesn't block passkeys in the same network.
PASSKEY_BY_ADDRESS = Limit("passkey by address", 20, timedelta(minutes=1))
# Each return from a provider sends requests to that provider; nothing can be guessed there.
PROVIDER_BY_ADDRESS = Limit("provider by address", 20, timedelta(minutes=1))
# A key can't be guessed. This keeps a script with an old key from filling the log.
ACCESS_KEY_BY_ADDRESS = Limit("wrong access key by address", 20, timedelta(minutes=1))
SIGN_UP_BY_ADDRESS = Limit("sign-up by address", 20, timedelta(minutes=1))
# Somebody at another person's open session gets few guesses at the password; the last one ends the session.
SUDO_BY_SESSION = Limit("password once more, by session", 5, timedelta(days=1))

SLACK = timedelta(minutes=1)
"""By how much clocks may differ. Attempts of the same moment reach the database in any order: the first one counted may
be a little later than the next, which must not restart the count."""

Counter = tuple[Limit, str]
"""A limit, and who is counted."""

_attempts = cast(Table, Attempts.__table__)


@cache
def _hit(dialect: str, number: int) -> ReturningInsert[str, int]:
    """Return the statement that counts one attempt by `number` counters; cached, as building takes longer than running.

    It is atomic: of any number of attempts at the same moment, only as many pass as the limits allow.
    """
    rows = range(number)
    # Not VALUES, which SQLAlchemy doesn't cache for several rows. SQLite needs the WHERE before ON CONFLICT.
    attempts = union_all(
        *(
            select(
                bindparam(f"key_{row}", type_=_attempts.c.key.type).label("key"),
                literal(1).label("count"),
                bindparam(f"ends_at_{row}", type_=_attempts.c.ends_at.type).label("ends_at"),
            )
            for row in rows
        )
    ).subquery()
    statement = INSERT[dialect](_attempts).from_select(["key", "count", "ends_at"], select(attempts).where(true()))
    # If the end is later than that of a window beginning now, a clock was ahead when it was written: ignore it.
    too_far = bindparam("too_far", type_=_attempts.c.ends_at.type)
    over = or_(_attempts.c.ends_at <= bindparam("now"), _attempts.c.ends_at > too_far)
    limit = case(
        {bindparam(f"key_{row}"): bindparam(f"limit_{row}", type_=Integer()) for row in rows}, value=_attempts.c.key
    )
    return statement.on_conflict_do_update(
        index_elements=[_attempts.c.key],
        set_={
            "count": case((over, 1), else_=_attempts.c.count + 1),
            "ends_at": case((over, statement.excluded.ends_at), else_=_attempts.c.ends_at),
        },
        # Beyond the limit nothing is written, so a flood causes only reads.
        where=or_(over, _attempts.c.count < limit),
    ).returning(_attempts.c.key, _attempts.c.count)


_IS_CLEARED = _attempts.c.key == bindparam("cleared")
_SETTLE = (
    update(_attempts)
    .where(_attempts.c.key.in_(bindparam("counters", expanding=True)), _attempts.c.count > 0)
    .values(
        count=case((_IS_CLEARED, 0), else_=_attempts.c.count - 1),
        ends_at=case((_IS_CLEARED, bindparam("now", type_=_attempts.c.ends_at.type)), else_=_attempts.c.ends_at),
    )
)
_REFUND = (
    update(_attempts)
    .where(_attempts.c.key == bindparam("counter"), _attempts.c.count > 0)
    .values(count=_attempts.c.count - 1)
)
_CLEAR = delete(_attempts).where(_attempts.c.key == bindparam("counter"))


def log_in_counters(*, email: str, address: str, device: str | None) -> list[Counter]:
    """Return the counters of an attempt to log in; a success clears the last one, and refunds the others.

    The last one is the account's or the device's own. The others are shared: if a success cleared them, it would reset
    the limit for other people's guesses.

    A browser that has logged in to this account before has counters of its own, so that guessing strangers can't lock
    the owner out (OWASP, "Slow down online guessing attacks with device cookies").
    """
    account = email_addresses.key(email)
    if device:
        return [
            (LOG_IN_BY_ADDRESS_OF_DEVICES, network(address)),
            (LOG_IN_BY_ALL_DEVICES, account),
            (LOG_IN_BY_DEVICE, f"{device} {account}"),
        ]
    return [(LOG_IN_BY_ADDRESS, network(address)), (LOG_IN_BY_ACCOUNT, account)]


def second_step_counters(*, user_id: int, device: str | None) -> list[Counter]:
    """Return the counters of a try of a code. Known browsers have counters of their own, as at log-in."""
    if device:
        return [(SECOND_STEP_BY_DEVICE, f"{device} {user_id}"), (SECOND_STEP_BY_ALL_DEVICES_A_DAY, str(user_id))]
    return [(SECOND_STEP_BY_ACCOUNT, str(user_id)), (SECOND_STEP_BY_ACCOUNT_A_DAY, str(user_id))]


def network(address: str) -> str:
    """Return the part of an address that a client can't easily change: IPv4 all of it, IPv6 the first half (/64)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or parsed
    prefix = 64 if parsed.version == 6 else 32
    return str(ipaddress.ip_network((parsed.packed, prefix), strict=False))


async def hit(db: AsyncSession, *counters: Counter, now: datetime) -> int:
    """Count an attempt before it is made, by one statement. Returns the last counter's new count.

    Raises TooManyAttempts if any limit is exceeded; the transaction must then be rolled back.
    """
    keys = [_key(counter) for counter in counters]
    longest = max(limit.window for limit, _ in counters)
    values: dict[str, object] = {"now": now, "too_far": now + longest + SLACK}
    for row, (key, (limit, _)) in enumerate(zip(keys, counters, strict=True)):
        values |= {f"key_{row}": key, f"ends_at_{row}": now + limit.window, f"limit_{row}": limit.attempts}
    counted = dict((await db.execute(_hit(db.get_bind().dialect.name, len(keys)), values)).all())
    for key in keys:
        if key not in counted:
            end = await db.scalar(select(Attempts.ends_at).where(Attempts.key == key))
            raise TooManyAttempts(seconds_until(end or now, now=now))
    return counted[keys[-1]]


def keys_of(counters: Iterable[Counter]) -> list[str]:
    """Return the keys of the counters' rows, for look-ups together with other tables."""
    return [_key(counter) for counter in counters]


def refused(rows: Iterable[Attempts], counters: Iterable[Counter], *, now: datetime) -> tuple[Counter, datetime] | None:
    """Return the first counter that is at its limit by these rows, and the end of its window. Counts nothing."""
    by_key = {row.key: row for row in rows}
    for counter in counters:
        limit, _ = counter
        row = by_key.get(_key(counter))
        if row and row.count >= limit.attempts and now < row.ends_at <= now + limit.window + SLACK:
            return counter, row.ends_at
    return None


def seconds_until(end: datetime, *, now: datetime) -> int:
    """Return the value of Retry-After, in whole seconds, for a window that ends at `end`."""
    return max(1, round((end - now).total_seconds()))


async def refund(db: AsyncSession, counter: Counter) -> None:
    """Refund one attempt, because it was not a failure."""
    await db.execute(_REFUND, {"counter": _key(counter)})


async def settle(db: AsyncSession, *, refunded: Iterable[Counter], cleared: Counter, now: datetime) -> None:
    """Refund one attempt to each of `refunded`, and clear the count of `cleared`, in one statement."""
    key = _key(cleared)
    await db.execute(_SETTLE, {"counters": [*keys_of(refunded), key], "cleared": key, "now": now})


@asynccontextmanager
async def counted_unless_busy(transaction: UnitOfWork, counter: Counter, *, now: datetime) -> AsyncIterator[None]:
    """Count an attempt, and refund it if the server is too busy for it, so that the person can try again.

    Raises TooManyAttempts, and the block's errors.
    """
    async with transaction() as db:
        await hit(db, counter, now=now)
    try:
        yield
    except TooBusy:
        async with transaction() as db:
            await refund(db, counter)
        raise


async def clear(db: AsyncSession, counter: Counter) -> None:
    """Delete the count."""
    await db.execute(_CLEAR, {"counter": _key(counter)})


def expired(now: datetime) -> ColumnElement[bool]:
    """Return the condition for counts whose window is over."""
    return Attempts.ends_at <= now


def _key(counter: Counter) -> str:
    # Hashed, because people type passwords into the wrong field, and strangers' addresses are private.
    limit, subject = counter
    return hashlib.sha256(f"{limit.name}\0{subject}".encode()).hexdigest()
