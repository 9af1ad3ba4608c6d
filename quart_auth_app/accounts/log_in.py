"""Logging in. Every way in proves a first factor and then ends in `start_session`.

`with_password` opens its own units of work in place of taking one: hashing takes a quarter of a second, and nobody may
hold a connection for that long, still less SQLite's one write lock.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import activity, email_addresses, sessions, throttle
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import WrongDetails
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.throttle import Counter
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import User

_FIND = select(User).where(User.email_key == bindparam("key"))


@dataclass(frozen=True)
class LoggedIn:
    """A started session: whose it is, and the token for the browser's cookie."""

    user: User
    token: str


async def with_password(
    transaction: UnitOfWork,
    passwords: Passwords,
    *,
    email: str,
    password: str,
    remember: bool,
    browser: Browser,
    now: datetime,
) -> LoggedIn:
    """Log in by address and password. It takes the same time whether or not the address is known.

    The attempt is counted as a failure first, and refunded when it was none, so that guesses at the same moment can't
    overtake the count. Raises WrongDetails, TooManyAttempts or TooBusy.
    """
    counters = throttle.log_in_counters(email=email, address=browser.address, device=browser.device)
    with passwords.place_in_line():
        async with transaction() as db:
            for counter in counters:
                await throttle.hit(db, counter, now=now)
            user = await db.scalar(_FIND, {"key": email_addresses.key(email)})
        matches, replacement = await passwords.verify(password, user.password if user else None)
    if not user or not matches or user.disabled_at:
        raise WrongDetails
    async with transaction() as db:
        await _refund(db, counters)
        if replacement:
            await _replace_hash(db, user, replacement)
        return await start_session(db, user=user, remember=remember, browser=browser, now=now)


async def start_session(db: AsyncSession, *, user: User, remember: bool, browser: Browser, now: datetime) -> LoggedIn:
    """Start a session for somebody who has proved to be `user`.

    Raises WrongDetails if meanwhile the account was closed or has another password than the one that was verified.
    """
    token = await sessions.start(
        db,
        user=user,
        remember=remember,
        address=browser.address,
        user_agent=browser.user_agent,
        now=now,
        replaces=browser.token,
    )
    if token is None:
        raise WrongDetails
    await activity.note(
        db, user_id=user.id, kind="logged_in", browser=browser, now=now, new_device=browser.device is None
    )
    return LoggedIn(user, token)


async def log_out(db: AsyncSession, *, user_id: int, browser: Browser, now: datetime) -> None:
    """Revoke the session that the browser has."""
    await sessions.revoke(db, token=browser.token or "")
    await activity.note(db, user_id=user_id, kind="logged_out", browser=browser, now=now)


async def _refund(db: AsyncSession, counters: list[Counter]) -> None:
    # The account's or the device's count starts anew. The address only gets this attempt back: otherwise logging in to
    # one account would reset the limit for guessing at others.
    *by_address, own = counters
    for counter in by_address:
        await throttle.refund(db, counter)
    await throttle.clear(db, own)


async def _replace_hash(db: AsyncSession, user: User, password_hash: str) -> None:
    # Only the hash that was verified is replaced, never one that another request has stored since.
    query = update(User).where(User.id == user.id, User.password == user.password)
    await db.execute(query.values(password=password_hash))
