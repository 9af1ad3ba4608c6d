"""Attempts, counted in the database so that the count holds over all workers and machines."""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

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
SIGN_UP_BY_ADDRESS = Limit("sign-up by address", 20, timedelta(minutes=1))

Counter = tuple[Limit, str]
"""A limit, and whom it counts."""


def log_in_counters(*, email: str, address: str, device: str | None) -> list[Counter]:
    """Return what an attempt to log in counts against.

    A browser that has logged in to this account before is counted by itself, so that strangers who guess can't lock
    the owner out (OWASP, "Slow down online guessing attacks with device cookies").
    """
    if device:
        return [(LOG_IN_BY_DEVICE, device)]
    return [(LOG_IN_BY_ADDRESS, network(address)), (LOG_IN_BY_ACCOUNT, email_addresses.key(email))]


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


async def hit(db: AsyncSession, counter: Counter, *, now: datetime) -> None:
    """Count an attempt before it is made. Raises TooManyAttempts, and then counts nothing.

    One statement: of any number of attempts at the same moment, as many pass as the limit says.
    """
    limit, _ = counter
    insert = postgresql.insert if db.get_bind().dialect.name == "postgresql" else sqlite.insert
    over = Attempts.ends_at <= now
    counted = await db.scalar(
        insert(Attempts)
        .values(key=_key(counter), count=1, ends_at=now + limit.window)
        .on_conflict_do_update(
            index_elements=[Attempts.key],
            set_={
                "count": case((over, 1), else_=Attempts.count + 1),
                "ends_at": case((over, now + limit.window), else_=Attempts.ends_at),
            },
            # Past the limit nothing is written, so that a flood costs reads only.
            where=or_(over, Attempts.count < limit.attempts),
        )
        .returning(Attempts.count)
    )
    if counted is None:
        ends_at = await db.scalar(select(Attempts.ends_at).where(Attempts.key == _key(counter)))
        raise TooManyAttempts(max(1, round(((ends_at or now) - now).total_seconds())))


async def forgive(db: AsyncSession, counter: Counter) -> None:
    """Take back one attempt, which was no failure."""
    query = update(Attempts).where(Attempts.key == _key(counter), Attempts.count > 0)
    await db.execute(query.values(count=Attempts.count - 1))


async def clear(db: AsyncSession, counter: Counter) -> None:
    """Forget all attempts."""
    await db.execute(delete(Attempts).where(Attempts.key == _key(counter)))


async def prune(db: AsyncSession, *, now: datetime) -> None:
    """Delete counts whose window is over."""
    await db.execute(delete(Attempts).where(Attempts.ends_at <= now))


def _key(counter: Counter) -> str:
    # Hashed: people type passwords into the wrong field, and addresses of strangers are nobody's business.
    limit, subject = counter
    return hashlib.sha256(f"{limit.name}\0{subject}".encode()).hexdigest()
