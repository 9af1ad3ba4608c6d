"""Limits on mail that strangers can cause, counted by the typed address, whether or not it has an account."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import TooManyAttempts
from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.accounts.throttling import limits, throttle
from quart_auth_app.accounts.throttling.limits import Counter, Limit

# Enough for a person whose first mail is late, and too little to flood a stranger's mailbox.
TO_ADDRESS = (
    Limit("mail to address, a minute", 1, timedelta(minutes=1)),
    Limit("mail to address, an hour", 5, timedelta(hours=1)),
    Limit("mail to address, a day", 10, timedelta(days=1)),
)
BY_NETWORK = Limit("mail by network", 20, timedelta(hours=1))
NO_ACCOUNT = Limit("mail about no account", 1, timedelta(days=1))

MANY_FAILURES = Limit("mail about failed log-ins", 1, timedelta(days=1))


async def count_client(db: AsyncSession, *, browser: Browser, now: datetime) -> None:
    """Count a client's request for mail. Raises TooManyAttempts."""
    await throttle.hit(db, of_client(browser), now=now)


def of_client(browser: Browser) -> Counter:
    """Return the counter for a client's mail."""
    return BY_NETWORK, limits.network(browser.address)


async def may_send(db: AsyncSession, *, email: str, browser: Browser, now: datetime) -> bool:
    """Count a mail to the address, and tell whether it may be sent; the page is the same if not.

    A browser that has logged in with this address has counts of its own. Otherwise a stranger who asks for ten mails a
    day could keep the owner from ever getting one.
    """
    key = email_addresses.key(email)
    device = browser.device
    return await _counts(db, TO_ADDRESS, f"{device.id} {key}" if device and device.claims(email) else key, now)


async def may_tell_of_no_account(db: AsyncSession, *, email: str, now: datetime) -> bool:
    """Count a mail that tells an address that it has no account, and tell whether it may be sent."""
    return await _counts(db, (NO_ACCOUNT,), email_addresses.key(email), now)


async def may_tell_of_failures(db: AsyncSession, *, user_id: int, now: datetime) -> bool:
    """Count a mail about failed log-ins, and tell whether it may be sent."""
    return await _counts(db, (MANY_FAILURES,), str(user_id), now)


async def _counts(db: AsyncSession, limits: tuple[Limit, ...], subject: str, now: datetime) -> bool:
    try:
        for limit in limits:
            await throttle.hit(db, (limit, subject), now=now)
    except TooManyAttempts:
        return False
    return True
