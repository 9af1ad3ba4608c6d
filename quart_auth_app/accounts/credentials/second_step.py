"""A user's second step: whether it is on, using codes, and turning it off."""

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.credentials import recovery_codes
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.factors import totp
from quart_auth_app.accounts.factors.recovery_codes import normalised
from quart_auth_app.accounts.factors.seeds import Keys, Unreadable
from quart_auth_app.accounts.history import activity
from quart_auth_app.models import RecoveryCode, Totp

TOTP = "totp"
RECOVERY_CODE = "recovery-code"

_log = logging.getLogger("quart_auth_app.second_step")


class WrongCode(AccountError):
    """The code is neither a current one of the app, nor an unused recovery code."""

    field = "code"


class AppUnreadable(WrongCode):
    """No code of the app can be checked: a SECRET_KEY that is gone encrypted its seed."""


@dataclass(frozen=True)
class State:
    """What the account's page shows of the second step."""

    confirmed_at: datetime | None
    """When it was turned on; None if it is off."""
    codes_left: int

    @property
    def is_on(self) -> bool:
        """Whether logging in asks for a code."""
        return self.confirmed_at is not None


async def state(db: AsyncSession, *, user_id: int) -> State:
    """Return whether the second step is on, and how many recovery codes are left."""
    confirmed_at = await db.scalar(select(Totp.confirmed_at).where(Totp.user_id == user_id))
    return State(confirmed_at, await recovery_codes.count(db, user_id=user_id))


async def turn_off(db: AsyncSession, *, user_id: int, browser: Browser, now: datetime) -> bool:
    """Delete the app and all recovery codes. Returns whether the second step was on."""
    was = await db.execute(delete(Totp).where(Totp.user_id == user_id).returning(Totp.confirmed_at))
    confirmed_at = was.scalar_one_or_none()
    await db.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    if confirmed_at:
        await activity.note(db, user_id=user_id, kind="second_step_off", browser=browser, now=now)
    return confirmed_at is not None


async def turn_off_since(db: AsyncSession, *, user_id: int, since: datetime, browser: Browser, now: datetime) -> None:
    """Delete an app that was confirmed at `since` or later, and recovery codes that were made since then."""
    confirmed_at = await db.scalar(select(Totp.confirmed_at).where(Totp.user_id == user_id))
    if confirmed_at and confirmed_at >= since:
        await turn_off(db, user_id=user_id, browser=browser, now=now)
    elif await activity.has(db, user_id=user_id, kind="recovery_codes_renewed", since=since):
        await db.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


async def drop_unconfirmed(db: AsyncSession, *, user_id: int) -> None:
    """Delete the seed of an app that is being set up: a thief may have begun to."""
    await db.execute(delete(Totp).where(Totp.user_id == user_id, Totp.confirmed_at.is_(None)))
    await db.execute(update(Totp).where(Totp.user_id == user_id, Totp.new_seed.is_not(None)).values(new_seed=None))


async def spend(db: AsyncSession, keys: Keys, *, user_id: int, code: str, now: datetime) -> str | None:
    """Use a code. Returns its kind, TOTP or RECOVERY_CODE; None if it is wrong or was used before."""
    if normalised(code):
        return RECOVERY_CODE if await recovery_codes.spend(db, user_id=user_id, code=code) else None
    return TOTP if await _spend_step(db, keys, user_id=user_id, code=code, now=now) else None


async def refusal(db: AsyncSession, keys: Keys, *, user_id: int) -> WrongCode:
    """Return why a code was not accepted, for somebody who has proven a first factor."""
    stored = await db.scalar(select(Totp.seed).where(Totp.user_id == user_id))
    try:
        if stored is not None:
            keys.decrypt(stored, user_id=user_id)
    except Unreadable:
        return AppUnreadable()
    return WrongCode()


async def _spend_step(db: AsyncSession, keys: Keys, *, user_id: int, code: str, now: datetime) -> bool:
    stored = await db.scalar(select(Totp.seed).where(Totp.user_id == user_id, Totp.confirmed_at.is_not(None)))
    if stored is None:
        return False
    try:
        opened = keys.decrypt(stored, user_id=user_id)
    except Unreadable:
        _log.error("no key decrypts the second step of user %s; quart-auth-app doctor says more", user_id)
        return False
    step = totp.matching_step(opened.seed, code, now=now)
    if step is None:
        return False
    kept = stored if opened.is_current else keys.encrypt(opened.seed, user_id=user_id)
    # One statement, so that only one of several requests with this code succeeds, and none with a used code.
    query = update(Totp).where(Totp.user_id == user_id, Totp.seed == stored, Totp.last_step < step)
    return await db.scalar(query.values(last_step=step, seed=kept).returning(Totp.user_id)) is not None
