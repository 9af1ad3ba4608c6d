"""Setting up an authenticator app, which turns the second step on."""

from datetime import datetime
from typing import cast

from sqlalchemy import Table, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import sessions
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.credentials import recovery_codes, ways_in
from quart_auth_app.accounts.credentials.second_step import TOTP, WrongCode
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.factors import totp
from quart_auth_app.accounts.factors.seeds import Keys, Unreadable
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.sessions import Found, Renewed
from quart_auth_app.database.upserts import INSERT
from quart_auth_app.models import Totp

_totp = cast(Table, Totp.__table__)


class WrongClock(WrongCode):
    """The code is that of another minute: the phone's clock is wrong. Only raised while an app is set up."""


class NothingToConfirm(AccountError):
    """No authenticator app is being set up; perhaps another tab has confirmed it."""


async def set_up(db: AsyncSession, keys: Keys, *, user_id: int) -> None:
    """Begin to set up an app. A seed that is being set up stays the same, and a confirmed app stays valid.

    A seed that no key decrypts any more is replaced, as nobody could confirm it.
    """
    if await seed_to_confirm(db, keys, user_id=user_id) is None:
        await db.execute(update(Totp).where(Totp.user_id == user_id).values(new_seed=None))
    new = keys.encrypt(totp.new_seed(), user_id=user_id)
    query = INSERT[db.get_bind().dialect.name](_totp).values(user_id=user_id, new_seed=new)
    await db.execute(
        query.on_conflict_do_update(
            index_elements=[_totp.c.user_id], set_={"new_seed": func.coalesce(_totp.c.new_seed, new)}
        )
    )


async def seed_to_confirm(db: AsyncSession, keys: Keys, *, user_id: int) -> bytes | None:
    """Return the seed that is being set up; None if there is none, or no key decrypts it any more."""
    stored = await db.scalar(select(Totp.new_seed).where(Totp.user_id == user_id))
    try:
        return stored and keys.decrypt(stored, user_id=user_id).seed
    except Unreadable:
        return None


async def confirm(
    db: AsyncSession, keys: Keys, *, user_id: int, code: str, browser: Browser, now: datetime
) -> list[str]:
    """Make the app that was set up the valid one. Returns ten recovery codes, which are shown only now.

    The code can't be used again, and earlier recovery codes are void. Raises NothingToConfirm, WrongCode or WrongClock.
    """
    stored = await db.scalar(select(Totp.new_seed).where(Totp.user_id == user_id))
    seed = await seed_to_confirm(db, keys, user_id=user_id)
    if stored is None or seed is None:
        raise NothingToConfirm
    step = totp.matching_step(seed, code, now=now)
    if step is None:
        raise WrongClock if totp.has_wrong_clock(seed, code, now=now) else WrongCode
    changed = {"seed": Totp.new_seed, "new_seed": None, "confirmed_at": now, "last_step": step}
    query = update(Totp).where(Totp.user_id == user_id, Totp.new_seed == stored).values(changed)
    if await db.scalar(query.returning(Totp.user_id)) is None:
        raise NothingToConfirm  # another tab was faster
    return await recovery_codes.replace(db, user_id=user_id, browser=browser, now=now)


async def turn_on(
    db: AsyncSession, keys: Keys, *, found: Found, code: str, browser: Browser, now: datetime
) -> tuple[list[str], Renewed]:
    """Confirm the logged-in user's app. Returns recovery codes, and a new token for this session.

    All other sessions are revoked, as they were started without a second step. Raises what `confirm` raises, and
    SessionRevoked.
    """
    user_id = found.user["id"]
    await ways_in.hold(db, found=found)
    codes = await confirm(db, keys, user_id=user_id, code=code, browser=browser, now=now)
    renewed = await sessions.renew_own(db, found=found, browser=browser, now=now)
    await sessions.add_method(db, session_id=renewed.number, method=TOTP)
    await sessions.revoke_others(db, user_id=user_id, keep=renewed.number)
    await activity.note(db, user_id=user_id, kind="second_step_on", browser=browser, now=now)
    return codes, renewed


async def turned_on(db: AsyncSession, *, found: Found, browser: Browser, now: datetime) -> tuple[list[str], Renewed]:
    """Return for a second click what `turn_on` has returned for the first. Raises SessionRevoked."""
    renewed = await sessions.renew_own(db, found=found, browser=browser, now=now)
    return await recovery_codes.replace(db, user_id=found.user["id"], browser=browser, now=now), renewed
