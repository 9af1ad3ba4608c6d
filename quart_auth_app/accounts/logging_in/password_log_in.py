"""Logging in by address and password.

This opens its own units of work instead of taking a session: hashing takes a quarter of a second, and nothing may hold
a connection for that long, especially not SQLite's only write lock.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, literal, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from quart_auth_app.accounts import outbox
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import SignUpPending, WrongDetails
from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.accounts.log_in import LoggedIn, Outcome, start_session
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.throttling import limits, throttle
from quart_auth_app.accounts.throttling.limits import Counter
from quart_auth_app.accounts.throttling.refusals import Refusals
from quart_auth_app.database.units_of_work import UnitsOfWork
from quart_auth_app.models import Attempts, SignUp, User

PASSWORD = "password"  # noqa: S105  # the name of a method

_newest = (
    select(SignUp).where(SignUp.email_key == bindparam("email_key")).order_by(SignUp.id.desc()).limit(1).subquery()
)
_Pending = aliased(SignUp, _newest)
_one = select(literal(1).label("one")).subquery()
# One statement for the account, the newest sign-up of the address and the counts: so all addresses take equal time.
_FIND = (
    select(User, _Pending, Attempts)
    .select_from(_one)
    .outerjoin(User, User.email_key == bindparam("email_key"))
    .outerjoin(_Pending, true())
    .outerjoin(Attempts, Attempts.key.in_(bindparam("keys", expanding=True)))
)


@dataclass(frozen=True)
class _Attempt:
    """An attempt that has been counted: what there is with the typed address, and the counters."""

    user: User | None
    pending: SignUp | None
    counters: list[Counter]


async def with_password(
    database: UnitsOfWork,
    passwords: Passwords,
    refusals: Refusals,
    *,
    email: str,
    password: str,
    remember: bool,
    browser: Browser,
    now: datetime,
) -> Outcome:
    """Log in by address and password. It takes the same time whether or not the address is known.

    An attempt is counted as a failure before the password is verified, and refunded if it succeeds: so guesses at the
    same moment can't pass `limits.log_in_counters`. Raises WrongDetails, TooManyAttempts or TooBusy; SignUpPending if
    the details are those of a sign-up that is not confirmed yet.
    """
    async with _count(database, passwords, refusals, email=email, browser=browser, now=now) as attempt:
        known = attempt.user or attempt.pending
        matches, replacement = await passwords.verify(password, known.password if known else None)
    user = attempt.user
    if attempt.pending and not user and matches:
        raise SignUpPending(sign_up_id=attempt.pending.id)
    if not user or not matches or user.disabled_at:
        raise WrongDetails
    refusals.forget(attempt.counters)
    async with database.transaction() as db:
        if replacement:
            await _replace_hash(db, user, replacement)
        return await _let_in(db, user, attempt.counters, remember=remember, browser=browser, now=now)


@asynccontextmanager
async def _count(
    database: UnitsOfWork, passwords: Passwords, refusals: Refusals, *, email: str, browser: Browser, now: datetime
) -> AsyncIterator[_Attempt]:
    """Count an attempt, and hold a place in line for its hash. Beyond a limit it is refused before it uses anything."""
    # Until the database has said whose address this is, believe the browser.
    claimed_device = browser.device.id if browser.device and browser.device.claims(email) else None
    refusals.check(limits.log_in_counters(email=email, address=browser.address, device=claimed_device), now=now)
    passwords.insist_on_place(browser, known=claimed_device is not None)
    async with database.reading() as db:
        user, pending, counts = await _find(db, email=email, browser=browser)
    device = browser.device_for(user)
    counters = limits.log_in_counters(email=email, address=browser.address, device=device)
    refusals.look(counts, [*counters, _succeeded(email)], now=now)
    with passwords.place_in_line(browser, known=device is not None):
        async with database.transaction() as db:
            refusals.check(counters, now=now)  # again, because many may have waited for the lock
            await throttle.hit(db, *counters, now=now)
        yield _Attempt(user, pending, counters)


async def _find(db: AsyncSession, *, email: str, browser: Browser) -> tuple[User | None, SignUp | None, list[Attempts]]:
    """Return the account, the pending sign-up, and all counts that may apply to this attempt."""
    devices = {None, browser.device.id if browser.device else None}
    keys = {
        key
        for device in devices
        for key in throttle.keys_of(limits.log_in_counters(email=email, address=browser.address, device=device))
    }
    values = {"email_key": email_addresses.key(email), "keys": [*keys, *throttle.keys_of([_succeeded(email)])]}
    rows = (await db.execute(_FIND, values)).all()
    user, pending, _ = rows[0]
    return user, pending if outbox.is_on(db) else None, [count for _, _, count in rows if count]


def _succeeded(email: str) -> Counter:
    return limits.LOG_INS_OF_ACCOUNT, email_addresses.key(email)


async def _let_in(
    db: AsyncSession, user: User, counters: list[Counter], *, remember: bool, browser: Browser, now: datetime
) -> Outcome:
    outcome = await start_session(db, user=user, methods=[PASSWORD], remember=remember, browser=browser, now=now)
    if isinstance(outcome, LoggedIn):
        await throttle.settle(db, refunded=counters[:-1], cleared=counters[-1], now=now)
    else:  # the other counts stay until the second step has succeeded
        await throttle.refund(db, counters[0])
    return outcome


async def _replace_hash(db: AsyncSession, user: User, password_hash: str) -> None:
    # Replace only the hash that was verified, never one that another request has stored meanwhile.
    query = update(User).where(User.id == user.id, User.password == user.password)
    await db.execute(query.values(password=password_hash))
