"""A user's second step: the authenticator app, its recovery codes, and what spends a code."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import activity, recovery_codes, sessions
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.factors import totp
from quart_auth_app.accounts.factors.recovery_codes import normalised
from quart_auth_app.accounts.factors.seeds import Keys, Unreadable
from quart_auth_app.accounts.sessions import Found, Renewed
from quart_auth_app.database.upserts import INSERT
from quart_auth_app.models import RecoveryCode, Totp

TOTP = "totp"
RECOVERY_CODE = "recovery-code"

_totp = cast(Table, Totp.__table__)


class WrongCode(AccountError):
    """Neither a code of the app that counts now, nor a recovery code that is left."""

    field = "code"


class WrongClock(WrongCode):
    """The code belongs to another minute: the clock of the phone is wrong. Only said while an app is set up."""


class NothingToConfirm(AccountError):
    """No authenticator app is being set up; perhaps another tab has confirmed it."""


@dataclass(frozen=True)
class State:
    """What the account's page shows of the second step."""

    confirmed_at: datetime | None
    """Since when it is on; None where it is off."""
    codes_left: int

    @property
    def is_on(self) -> bool:
        """Whether logging in asks for a code."""
        return self.confirmed_at is not None


async def state(db: AsyncSession, *, user_id: int) -> State:
    """Return whether the second step is on, and how many recovery codes are left."""
    confirmed_at = await db.scalar(select(Totp.confirmed_at).where(Totp.user_id == user_id))
    return State(confirmed_at, await recovery_codes.count(db, user_id=user_id))


async def set_up(db: AsyncSession, keys: Keys, *, user_id: int) -> None:
    """Begin to set up an app. One that is being set up already keeps its seed, and one that counts goes on counting.

    A seed that no key opens any more is replaced: nobody could confirm it.
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
    """Return the seed that is being set up, or None. One that no key opens any more is None too: begin again."""
    stored = await db.scalar(select(Totp.new_seed).where(Totp.user_id == user_id))
    try:
        return stored and keys.decrypt(stored, user_id=user_id).seed
    except Unreadable:
        return None


async def confirm(
    db: AsyncSession, keys: Keys, *, user_id: int, code: str, browser: Browser, now: datetime
) -> list[str]:
    """Let the app that was set up count from now on. Returns ten recovery codes, which nobody can see again.

    Raises NothingToConfirm, WrongCode or WrongClock. The code is used up. Earlier recovery codes count no more.
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
    """Confirm the app of who is logged in. Returns recovery codes, and a new token for this session.

    All other sessions are revoked: they were begun without a second step. Raises what `confirm` raises, and
    SessionRevoked.
    """
    user_id = found.user["id"]
    codes = await confirm(db, keys, user_id=user_id, code=code, browser=browser, now=now)
    renewed = await sessions.renew_own(db, found=found, browser=browser, now=now)
    await sessions.add_method(db, session_id=renewed.number, method=TOTP)
    await sessions.revoke_others(db, user_id=user_id, keep=renewed.number)
    await activity.note(db, user_id=user_id, kind="second_step_on", browser=browser, now=now)
    return codes, renewed


async def turned_on(db: AsyncSession, *, found: Found, browser: Browser, now: datetime) -> tuple[list[str], Renewed]:
    """Return what `turn_on` has returned to a first click. Raises SessionRevoked."""
    renewed = await sessions.renew_own(db, found=found, browser=browser, now=now)
    return await recovery_codes.replace(db, user_id=found.user["id"], browser=browser, now=now), renewed


async def turn_off(db: AsyncSession, *, user_id: int, browser: Browser, now: datetime) -> bool:
    """Forget the app and all recovery codes. Returns whether the second step was on."""
    was = await db.execute(delete(Totp).where(Totp.user_id == user_id).returning(Totp.confirmed_at))
    confirmed_at = was.scalar_one_or_none()
    await db.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    if confirmed_at:
        await activity.note(db, user_id=user_id, kind="second_step_off", browser=browser, now=now)
    return confirmed_at is not None


async def turn_off_since(db: AsyncSession, *, user_id: int, since: datetime, browser: Browser, now: datetime) -> None:
    """Forget an app that was confirmed at `since` or later, and recovery codes that were made since then."""
    confirmed_at = await db.scalar(select(Totp.confirmed_at).where(Totp.user_id == user_id))
    if confirmed_at and confirmed_at >= since:
        await turn_off(db, user_id=user_id, browser=browser, now=now)
    elif await activity.has(db, user_id=user_id, kind="recovery_codes_renewed", since=since):
        await db.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


async def drop_unconfirmed(db: AsyncSession, *, user_id: int) -> None:
    """Forget an app that is being set up: whoever began may not be who goes on."""
    await db.execute(delete(Totp).where(Totp.user_id == user_id, Totp.confirmed_at.is_(None)))
    await db.execute(update(Totp).where(Totp.user_id == user_id, Totp.new_seed.is_not(None)).values(new_seed=None))


async def spend(db: AsyncSession, keys: Keys, *, user_id: int, code: str, now: datetime) -> str | None:
    """Use up a code: return TOTP or RECOVERY_CODE, or None if it doesn't count. Each code counts once."""
    if normalised(code):
        return RECOVERY_CODE if await recovery_codes.spend(db, user_id=user_id, code=code) else None
    return TOTP if await _spend_step(db, keys, user_id=user_id, code=code, now=now) else None


async def _spend_step(db: AsyncSession, keys: Keys, *, user_id: int, code: str, now: datetime) -> bool:
    stored = await db.scalar(select(Totp.seed).where(Totp.user_id == user_id, Totp.confirmed_at.is_not(None)))
    if stored is None:
        return False
    try:
        opened = keys.decrypt(stored, user_id=user_id)
    except Unreadable:
        return False  # `doctor` counts seeds that no key opens
    step = totp.matching_step(opened.seed, code, now=now)
    if step is None:
        return False
    kept = stored if opened.is_current else keys.encrypt(opened.seed, user_id=user_id)
    # One statement: of any number of requests with this code, one wins. A code that was used before loses too.
    query = update(Totp).where(Totp.user_id == user_id, Totp.seed == stored, Totp.last_step < step)
    return await db.scalar(query.values(last_step=step, seed=kept).returning(Totp.user_id)) is not None
