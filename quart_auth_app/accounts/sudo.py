"""Giving a proof of who one is again, before an act that can't be undone easily."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import double_clicks, sessions
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.credentials import second_step, ways_in
from quart_auth_app.accounts.credentials.second_step import AppUnreadable
from quart_auth_app.accounts.errors import SessionRevoked, TooManyAttempts
from quart_auth_app.accounts.factors.seeds import Keys
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.sessions import Found, Renewed
from quart_auth_app.accounts.sudo_errors import SudoAppUnreadable, TooManyWrongPasswords, WrongPassword, WrongSudoCode
from quart_auth_app.accounts.throttling import throttle
from quart_auth_app.accounts.throttling.limits import SUDO_BY_SESSION, Counter
from quart_auth_app.clock import LEEWAY
from quart_auth_app.database.units_of_work import UnitOfWork

LASTS = timedelta(minutes=10)
"""How long a proof is valid; a log-in is one too. Phoenix asks again after 10 minutes, allauth and rodauth after 5."""


def is_fresh(session: Mapping[str, Any], *, now: datetime) -> bool:
    """Tell whether the session's owner has proved who they are within LASTS."""
    authenticated_at: datetime = session["authenticated_at"]
    return now - LASTS < authenticated_at <= now + LEEWAY


async def prove(
    transaction: UnitOfWork,
    passwords: Passwords,
    keys: Keys,
    *,
    found: Found,
    password: str,
    code: str | None,
    browser: Browser,
    now: datetime,
) -> Renewed:
    """Check the logged-in user's password, and the code if the second step is on. Gives the session a new token.

    A wrong code counts like a wrong password. Raises WrongPassword, WrongSudoCode, SessionRevoked or TooBusy.
    """
    with passwords.place_in_line(browser, known=True):
        await check_password(transaction, passwords, found=found, password=password, browser=browser, now=now)
    user_id, version = found.user["id"], found.user["password_version"]
    async with transaction() as db:
        await ways_in.hold(db, found=found)
        if (await second_step.state(db, user_id=user_id)).is_on and not await _spend(
            db, keys, user_id=user_id, code=code, browser=browser, now=now
        ):
            raise await _refusal(db, keys, user_id=user_id)
        await throttle.clear(db, counter(found))
        renewed = await sessions.renew(
            db, session_id=found.session["id"], password_version=version, after=browser.token, now=now
        )
    if not renewed:
        raise SessionRevoked
    return renewed


async def check_code(
    transaction: UnitOfWork, keys: Keys, *, found: Found, code: str | None, browser: Browser, now: datetime
) -> None:
    """Check the code if the second step is on; the first factor is proved elsewhere.

    Counted as `check_password` counts. Raises WrongSudoCode or SessionRevoked.
    """
    user_id = found.user["id"]
    async with transaction() as db:
        if not (await second_step.state(db, user_id=user_id)).is_on:
            return
    count = await _count(transaction, found, now=now)
    async with transaction() as db:
        await ways_in.hold(db, found=found)
        if count and await _spend(db, keys, user_id=user_id, code=code, browser=browser, now=now):
            await throttle.refund(db, counter(found))
            return
        refusal = await _refusal(db, keys, user_id=user_id)
    await _revoke_after_the_last(transaction, count, found=found, browser=browser, now=now)
    raise refusal


async def _refusal(db: AsyncSession, keys: Keys, *, user_id: int) -> WrongSudoCode:
    why = await second_step.refusal(db, keys, user_id=user_id)
    return SudoAppUnreadable() if isinstance(why, AppUnreadable) else WrongSudoCode()


async def _spend(
    db: AsyncSession, keys: Keys, *, user_id: int, code: str | None, browser: Browser, now: datetime
) -> bool:
    # The second click of a double click sends a code that the first one has used.
    if await second_step.spend(db, keys, user_id=user_id, code=code or "", now=now):
        await double_clicks.store(db, browser, number=user_id, now=now)
        return True
    return await double_clicks.made(db, browser, now=now) is not None


async def check_password(
    transaction: UnitOfWork, passwords: Passwords, *, found: Found, password: str, browser: Browser, now: datetime
) -> None:
    """Check the password of who is logged in. Needs a place in line.

    The attempt is counted as a failure first, so that guesses at the same moment can't overtake the count; whoever
    goes on clears `counter`. The last failure revokes this session and no other: who has stolen it can't lock the owner
    out. Raises WrongPassword or SessionRevoked.
    """
    count = await _count(transaction, found, now=now)
    if count and (await passwords.verify(password, found.user["password"]))[0]:
        return
    await _revoke_after_the_last(transaction, count, found=found, browser=browser, now=now)
    raise WrongPassword


async def _count(transaction: UnitOfWork, found: Found, *, now: datetime) -> int:
    # The number of failures so far, counting this try; 0 if there were too many already: then it is not checked.
    try:
        async with transaction() as db:
            return await throttle.hit(db, counter(found), now=now)
    except TooManyAttempts:
        return 0


async def _revoke_after_the_last(
    transaction: UnitOfWork, count: int, *, found: Found, browser: Browser, now: datetime
) -> None:
    if 0 < count < SUDO_BY_SESSION.attempts:
        return
    async with transaction() as db:
        await sessions.revoke_own(
            db, user_id=found.user["id"], session_id=found.number, browser=browser, now=now, reason="wrong_passwords"
        )
    raise TooManyWrongPasswords


def counter(found: Found) -> Counter:
    """Return the counter of failures in this session."""
    return SUDO_BY_SESSION, str(found.number)
