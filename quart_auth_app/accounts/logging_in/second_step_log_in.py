"""Logging in by the code of the second step, after a proven first factor."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import log_in
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.credentials import second_step
from quart_auth_app.accounts.factors.seeds import Keys
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.log_in import LoggedIn, SecondStepMissing
from quart_auth_app.accounts.logging_in import pending_log_ins
from quart_auth_app.accounts.logging_in.pending_log_ins import Pending
from quart_auth_app.accounts.throttling import limits, throttle
from quart_auth_app.accounts.throttling.limits import Counter
from quart_auth_app.accounts.users import user_rows
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import User


async def with_second_step(
    transaction: UnitOfWork, keys: Keys, *, token: str, code: str, browser: Browser, now: datetime
) -> tuple[LoggedIn, list[str]]:
    """Log in by a code after a proven first factor. Returns the session, and the methods that were used.

    Raises NoPendingLogIn, WrongCode, AppUnreadable or TooManyAttempts. Each try is counted first, and stays counted if
    it was wrong.
    """
    async with transaction() as db:
        pending = await pending_log_ins.count_try(db, token=token, now=now)
        user = await db.get_one(User, pending.user_id)
        counters = limits.second_step_counters(user_id=user.id, device=browser.device_for(user))
        await throttle.hit(db, *counters, now=now)
    async with transaction() as db:
        await user_rows.lock(db, user_id=user.id)
        method = await second_step.spend(db, keys, user_id=user.id, code=code, now=now)
        if method is None and (first := await again(db, token=token, browser=browser, now=now)):
            await throttle.settle(db, refunded=counters[1:], cleared=counters[0], now=now)
            return first, []
        if method is None:
            await activity.note(db, user_id=user.id, kind="second_step_failed", browser=browser, now=now)
            refusal = await second_step.refusal(db, keys, user_id=user.id)
        else:
            methods = [*pending.methods.split(), method]
            logged_in = await _finish(
                db, pending, user, counters, token=token, methods=methods, browser=browser, now=now
            )
    if method is None:
        raise refusal
    return logged_in, methods


async def again(db: AsyncSession, *, token: str, browser: Browser, now: datetime) -> LoggedIn | None:
    """Return the session that the first click on the second step's form has started; None if there was none."""
    outcome = await log_in.again(db, proof=_after(token), browser=browser, now=now)
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
    first_step = limits.log_in_counters(email=user.email, address=browser.address, device=browser.device_for(user))
    await throttle.settle(db, refunded=first_step[1:-1], cleared=first_step[-1], now=now)
    if second_step.RECOVERY_CODE in methods:
        await activity.note(db, user_id=user.id, kind="recovery_code_used", browser=browser, now=now)
    outcome = await log_in.start_session(
        db, user=user, methods=methods, remember=pending.remember, browser=browser, now=now, proof=_after(token)
    )
    if isinstance(outcome, SecondStepMissing):
        raise TypeError("a log-in with a second step is complete")
    return outcome
