"""Attempts, counted in the database so that the count holds over all workers and machines."""

import hashlib
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, bindparam, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from quart_auth_app.accounts import email_addresses
from quart_auth_app.accounts.errors import TooManyAttempts
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
LOG_IN_BY_DEVICE = Limit("log-in by device", 5, timedelta(minutes=5))
# Only who has proven the first factor is counted here. Three codes of a million are right at any moment: five in five
# minutes alone would give a guesser 79 % in a year, twenty a day give 2 %.
SECOND_STEP_BY_ACCOUNT = Limit("second step by account", 5, timedelta(minutes=5))
SECOND_STEP_BY_ACCOUNT_A_DAY = Limit("second step by account a day", 20, timedelta(days=1))
SECOND_STEP_BY_DEVICE = Limit("second step by device", 5, timedelta(minutes=5))
SECOND_STEP_BY_DEVICE_A_DAY = Limit("second step by device a day", 20, timedelta(days=1))
SIGN_UP_BY_ADDRESS = Limit("sign-up by address", 20, timedelta(minutes=1))
# Whoever sits at somebody else's open session gets few guesses at the password, and the session ends with the last.
SUDO_BY_SESSION = Limit("password once more, by session", 5, timedelta(days=1))

SLACK = timedelta(minutes=1)
"""How far clocks may be apart. Attempts of the same moment reach the database in any order: the first to be counted may
be a little later than the next, which must not start the count anew."""

Counter = tuple[Limit, str]
"""A limit, and whom it counts."""

_attempts = cast(Table, Attempts.__table__)


def _hit(insert: Callable[[Table], postgresql.Insert | sqlite.Insert]) -> ReturningInsert[int]:
    # One statement: of any number of attempts at the same moment, as many pass as the limit says.
    ends_at = bindparam("ends_at", type_=_attempts.c.ends_at.type)
    # An end further off than a window that began now was written by a clock that was ahead: it would last for days.
    too_far = bindparam("too_far", type_=_attempts.c.ends_at.type)
    over = or_(_attempts.c.ends_at <= bindparam("now"), _attempts.c.ends_at > too_far)
    return (
        insert(_attempts)
        .values(key=bindparam("key"), count=1, ends_at=ends_at)
        .on_conflict_do_update(
            index_elements=[_attempts.c.key],
            set_={
                "count": case((over, 1), else_=_attempts.c.count + 1),
                "ends_at": case((over, ends_at), else_=_attempts.c.ends_at),
            },
            # Past the limit nothing is written, so that a flood costs reads only.
            where=or_(over, _attempts.c.count < bindparam("limit")),
        )
        .returning(_attempts.c.count)
    )


# Put together once: a log-in needs them all, and to build a statement takes longer than to carry it out.
_HIT = {"postgresql": _hit(postgresql.insert), "sqlite": _hit(sqlite.insert)}
_REFUND = (
    update(_attempts)
    .where(_attempts.c.key == bindparam("counter"), _attempts.c.count > 0)
    .values(count=_attempts.c.count - 1)
)
_CLEAR = delete(_attempts).where(_attempts.c.key == bindparam("counter"))


def log_in_counters(*, email: str, address: str, device: str | None) -> list[Counter]:
    """Return what an attempt to log in counts against.

    A browser that has logged in to this account before is counted by itself, so that strangers who guess can't lock
    the owner out (OWASP, "Slow down online guessing attacks with device cookies").
    """
    if device:
        return [(LOG_IN_BY_DEVICE, device)]
    return [(LOG_IN_BY_ADDRESS, network(address)), (LOG_IN_BY_ACCOUNT, email_addresses.key(email))]


def second_step_counters(*, user_id: int, device: str | None) -> list[Counter]:
    """Return what a try of a code counts against. Browsers that are known are counted by themselves, as at log-in."""
    if device:
        return [(SECOND_STEP_BY_DEVICE, device), (SECOND_STEP_BY_DEVICE_A_DAY, device)]
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


async def hit(db: AsyncSession, counter: Counter, *, now: datetime) -> int:
    """Count an attempt before it is made, and return which it is. Raises TooManyAttempts, and then counts nothing."""
    limit, _ = counter
    ends_at = now + limit.window
    values = {"key": _key(counter), "now": now, "ends_at": ends_at, "too_far": ends_at + SLACK, "limit": limit.attempts}
    counted: int | None = await db.scalar(_HIT[db.get_bind().dialect.name], values)
    if counted is None:
        end = await db.scalar(select(Attempts.ends_at).where(Attempts.key == _key(counter)))
        raise TooManyAttempts(max(1, round(((end or now) - now).total_seconds())))
    return counted


async def refund(db: AsyncSession, counter: Counter) -> None:
    """Take one attempt back, because it was not a failure."""
    await db.execute(_REFUND, {"counter": _key(counter)})


async def clear(db: AsyncSession, counter: Counter) -> None:
    """Forget all attempts."""
    await db.execute(_CLEAR, {"counter": _key(counter)})


async def prune(db: AsyncSession, *, now: datetime) -> None:
    """Delete counts whose window is over."""
    await db.execute(delete(Attempts).where(Attempts.ends_at <= now))


def _key(counter: Counter) -> str:
    # Hashed: people type passwords into the wrong field, and addresses of strangers are nobody's business.
    limit, subject = counter
    return hashlib.sha256(f"{limit.name}\0{subject}".encode()).hexdigest()
