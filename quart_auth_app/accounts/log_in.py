"""Logging in. Every way in proves a first factor and then ends in `start_session`.

`with_password` opens its own units of work in place of taking one: hashing takes a quarter of a second, and nobody may
hold a connection for that long, still less SQLite's one write lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, literal, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from quart_auth_app.accounts import activity, email_addresses, outbox, pending_log_ins, second_step, sessions, throttle
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import SignUpPending, WrongDetails
from quart_auth_app.accounts.factors.seeds import Keys
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.pending_log_ins import Pending
from quart_auth_app.accounts.second_step import WrongCode
from quart_auth_app.accounts.throttle import Counter
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import SignUp, User

_FIND = select(User).where(User.email_key == bindparam("key"))

_newest = select(SignUp).where(SignUp.email_key == bindparam("key")).order_by(SignUp.id.desc()).limit(1).subquery()
_Pending = aliased(SignUp, _newest)
_one = select(literal(1).label("one")).subquery()
# The account and the newest sign-up of an address by one statement, so that neither is looked for alone.
_FIND_BOTH = (
    select(User, _Pending)
    .select_from(_one)
    .outerjoin(User, User.email_key == bindparam("key"))
    .outerjoin(_Pending, true())
)


@dataclass(frozen=True)
class LoggedIn:
    """A started session: whose it is, and the token for the browser's cookie."""

    user: User
    token: str
    remember: bool


@dataclass(frozen=True)
class SecondStepMissing:
    """The first factor was right, and a code is needed besides. The token is for a cookie of its own."""

    user: User
    token: str


Outcome = LoggedIn | SecondStepMissing

PASSWORD = "password"  # noqa: S105  # the name of a method


async def with_password(
    transaction: UnitOfWork,
    passwords: Passwords,
    *,
    email: str,
    password: str,
    remember: bool,
    browser: Browser,
    now: datetime,
) -> Outcome:
    """Log in by address and password. It takes the same time whether or not the address is known.

    The attempt is counted as a failure first, and refunded when it was none, so that guesses at the same moment can't
    overtake the count. Raises WrongDetails, TooManyAttempts or TooBusy; SignUpPending where the details are those of a
    sign-up whose mail was not answered yet.
    """
    counters = throttle.log_in_counters(email=email, address=browser.address, device=browser.device)
    with passwords.place_in_line():
        async with transaction() as db:
            for counter in counters:
                await throttle.hit(db, counter, now=now)
            user, pending = await _find(db, email)
        known = user or pending
        matches, replacement = await passwords.verify(password, known.password if known else None)
    if pending and not user and matches:
        raise SignUpPending(sign_up_id=pending.id)
    if not user or not matches or user.disabled_at:
        raise WrongDetails
    async with transaction() as db:
        await _refund(db, counters)
        if replacement:
            await _replace_hash(db, user, replacement)
        return await start_session(db, user=user, methods=[PASSWORD], remember=remember, browser=browser, now=now)


async def _find(db: AsyncSession, email: str) -> tuple[User | None, SignUp | None]:
    values = {"key": email_addresses.key(email)}
    if not outbox.is_on(db):
        return await db.scalar(_FIND, values), None
    user, pending = (await db.execute(_FIND_BOTH, values)).one()
    return user, pending


async def with_second_step(
    transaction: UnitOfWork, keys: Keys, *, token: str, code: str, browser: Browser, now: datetime
) -> tuple[LoggedIn, list[str]]:
    """Log in by a code after a proven first factor. Returns the session, and the methods that were used.

    Raises NoPendingLogIn, WrongCode or TooManyAttempts. Each try is counted first and stays counted when it was wrong.
    """
    async with transaction() as db:
        pending = await pending_log_ins.count_try(db, token=token, now=now)
        counters = throttle.second_step_counters(user_id=pending.user_id, device=browser.device)
        for counter in counters:
            await throttle.hit(db, counter, now=now)
    async with transaction() as db:
        method = await second_step.spend(db, keys, user_id=pending.user_id, code=code, now=now)
        if method is None:
            await activity.note(db, user_id=pending.user_id, kind="second_step_failed", browser=browser, now=now)
        else:
            methods = [*pending.methods.split(), method]
            logged_in = await _finish(db, pending, counters, methods=methods, browser=browser, now=now)
    if method is None:
        raise WrongCode
    return logged_in, methods


async def _finish(
    db: AsyncSession,
    pending: Pending,
    counters: list[Counter],
    *,
    methods: Sequence[str],
    browser: Browser,
    now: datetime,
) -> LoggedIn:
    await pending_log_ins.consume(db, pending=pending)
    by_minutes, by_day = counters
    await throttle.clear(db, by_minutes)
    await throttle.refund(db, by_day)  # not cleared: otherwise each of the owner's log-ins would allow 20 guesses
    if second_step.RECOVERY_CODE in methods:
        await activity.note(db, user_id=pending.user_id, kind="recovery_code_used", browser=browser, now=now)
    user = await db.get_one(User, pending.user_id)
    outcome = await start_session(db, user=user, methods=methods, remember=pending.remember, browser=browser, now=now)
    if isinstance(outcome, SecondStepMissing):
        raise TypeError("a log-in with a second step is complete")
    return outcome


async def start_session(
    db: AsyncSession, *, user: User, methods: Sequence[str], remember: bool, browser: Browser, now: datetime
) -> Outcome:
    """Start a session for somebody who has proved to be `user` by these methods, or say that a second step is missing.

    Raises WrongDetails if meanwhile the account was closed or has another password than the one that was verified.
    """
    token = await sessions.start(
        db,
        user=user,
        methods=methods,
        remember=remember,
        address=browser.address,
        user_agent=browser.user_agent,
        now=now,
        replaces=browser.token,
    )
    if token:
        is_new = browser.device is None
        await activity.note(db, user_id=user.id, kind="logged_in", browser=browser, now=now, new_device=is_new)
        return LoggedIn(user, token, remember)
    pending = None
    if (await second_step.state(db, user_id=user.id)).is_on:
        pending = await pending_log_ins.start(db, user=user, methods=" ".join(methods), remember=remember, now=now)
    if pending is None:
        raise WrongDetails
    return SecondStepMissing(user, pending)


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
