"""Attempts, counted in the database so that the count holds over all workers and machines."""

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
    """So many attempts in a window of time that begins with the first of them."""

    name: str
    attempts: int
    window: timedelta


# An address may be a whole school behind one router; an account has one owner, who mistypes a few times at most. NIST
# SP 800-63B allows 100 failures in a row; five in five minutes make 1,440 guesses a day, against zxcvbn's 10^8.
LOG_IN_BY_ADDRESS = Limit("log-in by address", 10, timedelta(minutes=1))
LOG_IN_BY_ACCOUNT = Limit("log-in by account", 5, timedelta(minutes=5))
# Known browsers are counted apart, so that no stranger locks them out. Together they get no more guesses than two of
# them would: whoever has stolen a cookie, or many, gains little.
LOG_IN_BY_DEVICE = Limit("log-in by device", 5, timedelta(minutes=5))
LOG_IN_BY_ALL_DEVICES = Limit("log-in by all devices of an account", 10, timedelta(minutes=5))
LOG_IN_BY_ADDRESS_OF_DEVICES = Limit("log-in by address, known browsers", 10, timedelta(minutes=1))
# Each log-in that succeeds costs a hash and leaves a row. No person logs in every 20 seconds; a test suite may.
LOG_INS_OF_ACCOUNT = Limit("log-in that succeeds, by account", 30, timedelta(minutes=10))
# Only who has proven the first factor is counted here. Three codes of a million are right at any moment: five in five
# minutes alone would give a guesser 79 % in a year, twenty a day give 2 %.
SECOND_STEP_BY_ACCOUNT = Limit("second step by account", 5, timedelta(minutes=5))
SECOND_STEP_BY_ACCOUNT_A_DAY = Limit("second step by account a day", 20, timedelta(days=1))
SECOND_STEP_BY_DEVICE = Limit("second step by device", 5, timedelta(minutes=5))
SECOND_STEP_BY_ALL_DEVICES_A_DAY = Limit("second step by all devices a day", 20, timedelta(days=1))
EMAIL_CHANGE_BY_ACCOUNT = Limit("e-mail change by account", 5, timedelta(hours=1))
# A passkey can't be guessed. This only keeps somebody from having signatures checked without end; it is apart from the
# limit for passwords, so that who guesses those keeps nobody of the same network from using a passkey.
PASSKEY_BY_ADDRESS = Limit("passkey by address", 20, timedelta(minutes=1))
# For each who comes back from a provider, that provider is asked; nothing can be guessed there.
PROVIDER_BY_ADDRESS = Limit("provider by address", 20, timedelta(minutes=1))
# A key can't be guessed. This keeps a script that was left with a wrong one from filling the log.
ACCESS_KEY_BY_ADDRESS = Limit("wrong access key by address", 20, timedelta(minutes=1))
SIGN_UP_BY_ADDRESS = Limit("sign-up by address", 20, timedelta(minutes=1))
# Whoever sits at somebody else's open session gets few guesses at the password, and the session ends with the last.
SUDO_BY_SESSION = Limit("password once more, by session", 5, timedelta(days=1))

SLACK = timedelta(minutes=1)
"""How far clocks may be apart. Attempts of the same moment reach the database in any order: the first to be counted may
be a little later than the next, which must not start the count anew."""

Counter = tuple[Limit, str]
"""A limit, and whom it counts."""

_attempts = cast(Table, Attempts.__table__)


@cache
def _hit(dialect: str, number: int) -> ReturningInsert[str, int]:
    """Return the statement that counts one attempt by so many counters: to build it takes longer than to carry it out.

    Of any number of attempts at the same moment, as many pass as the limits say.
    """
    rows = range(number)
    # Not VALUES: SQLAlchemy would compile several rows anew each time. SQLite takes ON CONFLICT behind a WHERE only.
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
    # An end further off than a window that began now was written by a clock that was ahead: it would last for days.
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
        # Past the limit nothing is written, so that a flood costs reads only.
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
    """Return what an attempt to log in counts against; the last is cleared by a success, the others get it back.

    A browser that has logged in to this account before is counted by itself, so that strangers who guess can't lock
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
    """Return what a try of a code counts against. Browsers that are known are counted by themselves, as at log-in."""
    if device:
        return [(SECOND_STEP_BY_DEVICE, f"{device} {user_id}"), (SECOND_STEP_BY_ALL_DEVICES_A_DAY, str(user_id))]
    return [(SECOND_STEP_BY_ACCOUNT, str(user_id)), (SECOND_STEP_BY_ACCOUNT_A_DAY, str(user_id))]


def network(address: str) -> str:
    """Return what one client can't easily change: an IPv4 address, or the first half of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or parsed
    prefix = 64 if parsed.version == 6 else 32
    return str(ipaddress.ip_network((parsed.packed, prefix), strict=False))


async def hit(db: AsyncSession, *counters: Counter, now: datetime) -> int:
    """Count an attempt before it is made, by one statement. Return which it is by the last of the counters.

    Raises TooManyAttempts if it is beyond the limit of any, and the transaction is to be rolled back then.
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
    """Return the keys of the rows in which these are counted, for who asks for them together with something else."""
    return [_key(counter) for counter in counters]


def refused(rows: Iterable[Attempts], counters: Iterable[Counter], *, now: datetime) -> tuple[Counter, datetime] | None:
    """Return the first that would be refused, as these rows say, and when its window ends. Counts nothing."""
    by_key = {row.key: row for row in rows}
    for counter in counters:
        limit, _ = counter
        row = by_key.get(_key(counter))
        if row and row.count >= limit.attempts and now < row.ends_at <= now + limit.window + SLACK:
            return counter, row.ends_at
    return None


def seconds_until(end: datetime, *, now: datetime) -> int:
    """Return what Retry-After says of a window that ends then."""
    return max(1, round((end - now).total_seconds()))


async def refund(db: AsyncSession, counter: Counter) -> None:
    """Take one attempt back, because it was not a failure."""
    await db.execute(_REFUND, {"counter": _key(counter)})


async def settle(db: AsyncSession, *, refunded: Iterable[Counter], cleared: Counter, now: datetime) -> None:
    """Take one attempt back from each of `refunded`, and let the count of `cleared` begin anew: by one statement."""
    key = _key(cleared)
    await db.execute(_SETTLE, {"counters": [*keys_of(refunded), key], "cleared": key, "now": now})


@asynccontextmanager
async def counted_unless_busy(transaction: UnitOfWork, counter: Counter, *, now: datetime) -> AsyncIterator[None]:
    """Count an attempt, and give it back if the server is too busy for it: who is told to come back may do so.

    Raises TooManyAttempts, and what comes out of the block.
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
    """Forget all attempts."""
    await db.execute(_CLEAR, {"counter": _key(counter)})


def expired(now: datetime) -> ColumnElement[bool]:
    """Tell counts whose window is over from the others."""
    return Attempts.ends_at <= now


def _key(counter: Counter) -> str:
    # Hashed: people type passwords into the wrong field, and addresses of strangers are nobody's business.
    limit, subject = counter
    return hashlib.sha256(f"{limit.name}\0{subject}".encode()).hexdigest()
