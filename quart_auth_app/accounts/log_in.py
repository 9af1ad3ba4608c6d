"""Logging in. Every way in proves a first factor and then ends in `start_session`.

`with_password` opens its own units of work instead of taking a session: hashing takes a quarter of a second, and
nothing may hold a connection for that long, especially not SQLite's only write lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, literal, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from quart_auth_app.accounts import (
    activity,
    double_clicks,
    email_addresses,
    outbox,
    pending_log_ins,
    second_step,
    sessions,
    throttle,
)
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import SignUpPending, WrongDetails
from quart_auth_app.accounts.factors.seeds import Keys
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.pending_log_ins import Pending
from quart_auth_app.accounts.refusals import Refusals
from quart_auth_app.accounts.second_step import WrongCode
from quart_auth_app.accounts.throttle import Counter
from quart_auth_app.database.units_of_work import UnitOfWork, UnitsOfWork
from quart_auth_app.models import Attempts, SignUp, User

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
class LoggedIn:
    """A started session: its user, and the token for the browser's cookie."""

    user: User
    token: str
    remember: bool
    ended: int = 0
    """How many of the user's other sessions were revoked, because there were too many."""
    is_again: bool = False
    """Whether the first click of a double click has started this session."""


@dataclass(frozen=True)
class SecondStepMissing:
    """The first factor was right, and a second step is needed. The token is for a cookie of its own."""

    user: User
    token: str


Outcome = LoggedIn | SecondStepMissing

NO_SESSION = 0
"""The number that `double_clicks` stores for a log-in that still waits for its second step."""

PASSWORD = "password"  # noqa: S105  # the name of a method


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

    Attempts beyond a limit are refused before they use anything scarce. An attempt is counted as a failure first, and
    refunded if it succeeds, so that guesses at the same moment can't pass the limit. Raises WrongDetails,
    TooManyAttempts or TooBusy; SignUpPending if the details are those of a sign-up that is not confirmed yet.
    """
    claimed = browser.device.id if browser.device and browser.device.claims(email) else None
    refusals.check(throttle.log_in_counters(email=email, address=browser.address, device=claimed), now=now)
    passwords.insist_on_place(browser, known=claimed is not None)
    async with database.reading() as db:
        user, pending, counted = await _find(db, email=email, browser=browser)
    device = browser.device_for(user)
    counters = throttle.log_in_counters(email=email, address=browser.address, device=device)
    refusals.look(counted, [*counters, _succeeded(email)], now=now)
    with passwords.place_in_line(browser, known=device is not None):
        async with database.transaction() as db:
            refusals.check(counters, now=now)  # again, because many may have waited for the lock
            await throttle.hit(db, *counters, now=now)
        known = user or pending
        matches, replacement = await passwords.verify(password, known.password if known else None)
    if pending and not user and matches:
        raise SignUpPending(sign_up_id=pending.id)
    if not user or not matches or user.disabled_at:
        raise WrongDetails
    refusals.forget(counters)
    async with database.transaction() as db:
        if replacement:
            await _replace_hash(db, user, replacement)
        outcome = await start_session(db, user=user, methods=[PASSWORD], remember=remember, browser=browser, now=now)
        if isinstance(outcome, LoggedIn):
            await _settle(db, counters, now=now)
        else:
            await throttle.refund(db, counters[0])
    return outcome


async def _find(db: AsyncSession, *, email: str, browser: Browser) -> tuple[User | None, SignUp | None, list[Attempts]]:
    """Return the account, the pending sign-up, and all counts that may apply to this attempt."""
    devices = {None, browser.device.id if browser.device else None}
    keys = {
        key
        for device in devices
        for key in throttle.keys_of(throttle.log_in_counters(email=email, address=browser.address, device=device))
    }
    values = {"email_key": email_addresses.key(email), "keys": [*keys, *throttle.keys_of([_succeeded(email)])]}
    rows = (await db.execute(_FIND, values)).all()
    user, pending, _ = rows[0]
    return user, pending if outbox.is_on(db) else None, [counted for _, _, counted in rows if counted]


def _succeeded(email: str) -> Counter:
    return throttle.LOG_INS_OF_ACCOUNT, email_addresses.key(email)


async def with_second_step(
    transaction: UnitOfWork, keys: Keys, *, token: str, code: str, browser: Browser, now: datetime
) -> tuple[LoggedIn, list[str]]:
    """Log in by a code after a proven first factor. Returns the session, and the methods that were used.

    Raises NoPendingLogIn, WrongCode or TooManyAttempts. Each try is counted first, and stays counted if it was wrong.
    """
    async with transaction() as db:
        pending = await pending_log_ins.count_try(db, token=token, now=now)
        user = await db.get_one(User, pending.user_id)
        counters = throttle.second_step_counters(user_id=user.id, device=browser.device_for(user))
        await throttle.hit(db, *counters, now=now)
    async with transaction() as db:
        method = await second_step.spend(db, keys, user_id=user.id, code=code, now=now)
        if method is None and (first := await second_step_again(db, token=token, browser=browser, now=now)):
            await throttle.settle(db, refunded=counters[1:], cleared=counters[0], now=now)
            return first, []
        if method is None:
            await activity.note(db, user_id=user.id, kind="second_step_failed", browser=browser, now=now)
        else:
            methods = [*pending.methods.split(), method]
            logged_in = await _finish(
                db, pending, user, counters, token=token, methods=methods, browser=browser, now=now
            )
    if method is None:
        raise WrongCode
    return logged_in, methods


async def second_step_again(db: AsyncSession, *, token: str, browser: Browser, now: datetime) -> LoggedIn | None:
    """Return the session that the first click on the second step's form has started; None if there was none."""
    outcome = await again(db, proof=_after(token), browser=browser, now=now)
    return outcome if isinstance(outcome, LoggedIn) else None


def _after(token: str) -> str:
    return f"second step after {token}"


async def _finish(
    db: AsyncSession,
    pending: Pending,
    user: User,
    counters: list[Counter],
    *,
    token: str,
    methods: Sequence[str],
    browser: Browser,
    now: datetime,
) -> LoggedIn:
    await pending_log_ins.consume(db, pending=pending)
    by_minutes, by_day = counters
    # Only refund the count of the day: if it were cleared, each of the owner's log-ins would allow 20 more guesses.
    await throttle.settle(db, refunded=[by_day], cleared=by_minutes, now=now)
    # The first step has stayed counted until now: otherwise somebody with the password could request hashes endlessly.
    first_step = throttle.log_in_counters(email=user.email, address=browser.address, device=browser.device_for(user))
    await _settle(db, first_step[1:], now=now)
    if second_step.RECOVERY_CODE in methods:
        await activity.note(db, user_id=user.id, kind="recovery_code_used", browser=browser, now=now)
    outcome = await start_session(
        db, user=user, methods=methods, remember=pending.remember, browser=browser, now=now, proof=_after(token)
    )
    if isinstance(outcome, SecondStepMissing):
        raise TypeError("a log-in with a second step is complete")
    return outcome


async def start_session(
    db: AsyncSession,
    *,
    user: User,
    methods: Sequence[str],
    remember: bool,
    browser: Browser,
    now: datetime,
    proof: str | None = None,
) -> Outcome:
    """Start a session for `user`, who was proven by these methods, or return that a second step is missing.

    Every log-in ends here, so log-ins are counted here, and sessions trimmed to sessions.MAX_FOR_ONE. Raises
    TooManyAttempts, or WrongDetails if the account was disabled or its password changed since it was verified.

    `proof` is a secret for one use; with the same one `again` finds the session.
    """
    started = await sessions.start(
        db,
        user=user,
        methods=methods,
        remember=remember,
        address=browser.address,
        user_agent=browser.user_agent,
        now=now,
        replaces=browser.token,
        proof=proof,
    )
    if started:
        await throttle.hit(db, (throttle.LOG_INS_OF_ACCOUNT, user.email_key), now=now)
        is_new = browser.device_for(user) is None
        await activity.note(db, user_id=user.id, kind="logged_in", browser=browser, now=now, new_device=is_new)
        await double_clicks.note(db, browser, number=started.number, now=now)
        ended = await sessions.trim(db, user_id=user.id, browser=browser, now=now) if started.are_many else 0
        return LoggedIn(user, started.token, remember, ended)
    pending = None
    if (await second_step.state(db, user_id=user.id)).is_on:
        token = sessions.token_by(db, proof)
        pending = await pending_log_ins.start(
            db, user=user, token=token, methods=" ".join(methods), remember=remember, now=now
        )
    if pending is None:
        raise WrongDetails
    await double_clicks.note(db, browser, number=NO_SESSION, now=now)
    return SecondStepMissing(user, pending)


async def again(db: AsyncSession, *, proof: str, browser: Browser, now: datetime) -> Outcome | None:
    """Return the outcome of the first click on this browser's form with this proof; None if there was none."""
    if await double_clicks.made(db, browser, now=now) is None:
        return None
    if started := await sessions.again(db, proof=proof, now=now):
        session, token = started
        return LoggedIn(await db.get_one(User, session.user_id), token, session.remember, is_again=True)
    pending = await pending_log_ins.again(db, token=sessions.token_by(db, proof), now=now)
    return pending and SecondStepMissing(*pending)


async def log_out(db: AsyncSession, *, user_id: int, browser: Browser, now: datetime) -> None:
    """Revoke the browser's session."""
    await sessions.revoke(db, token=browser.token or "")
    await activity.note(db, user_id=user_id, kind="logged_out", browser=browser, now=now)


async def _settle(db: AsyncSession, counters: list[Counter], *, now: datetime) -> None:
    # The account's or the device's count is cleared. Shared counts only get this attempt back: otherwise one log-in
    # would reset the limit for other people's guesses.
    *shared, own = counters
    await throttle.settle(db, refunded=shared, cleared=own, now=now)


async def _replace_hash(db: AsyncSession, user: User, password_hash: str) -> None:
    # Replace only the hash that was verified, never one that another request has stored meanwhile.
    query = update(User).where(User.id == user.id, User.password == user.password)
    await db.execute(query.values(password=password_hash))
