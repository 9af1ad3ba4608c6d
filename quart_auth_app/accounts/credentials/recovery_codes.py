"""A user's recovery codes: made, counted, replaced and used. The database has only their hashes."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import double_clicks
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.factors.recovery_codes import derived, digest, normalised
from quart_auth_app.accounts.history import activity
from quart_auth_app.models import RecoveryCode, Totp

FEW = 3
"""With this many codes left, or fewer, the person is told to make new ones."""


class NoSecondStep(AccountError):
    """The second step is off."""


async def count(db: AsyncSession, *, user_id: int) -> int:
    """Return how many codes are left."""
    query = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user_id)
    return await db.scalar(query) or 0


async def renew(db: AsyncSession, *, user_id: int, browser: Browser, now: datetime) -> list[str]:
    """Replace all codes by ten new ones, which are shown only now. Raises NoSecondStep.

    The second click of a double click gets the first click's codes, and sends no second notice.
    """
    # This locks the row: of two clicks at once, the second waits until the first has made the codes.
    query = update(Totp).where(Totp.user_id == user_id, Totp.confirmed_at.is_not(None)).values(last_step=Totp.last_step)
    if await db.scalar(query.returning(Totp.user_id)) is None:
        raise NoSecondStep
    if await double_clicks.made(db, browser, now=now) is None:
        await activity.note(db, user_id=user_id, kind="recovery_codes_renewed", browser=browser, now=now)
    return await replace(db, user_id=user_id, browser=browser, now=now)


async def replace(db: AsyncSession, *, user_id: int, browser: Browser, now: datetime) -> list[str]:
    """Make ten codes that replace all earlier ones.

    The second click of a double click gets the first click's codes, and nothing is written; it gets new ones if none of
    those is left.
    """
    if secret := await double_clicks.first_secret(db, browser, now=now):
        codes = derived(secret)
        if await db.scalar(select(exists().where(_is_one_of(codes, user_id=user_id)))):
            return codes
    codes = derived(await double_clicks.new_secret(db, browser, now=now))
    await db.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    await db.execute(insert(RecoveryCode), [{"user_id": user_id, "code_hash": digest(code)} for code in codes])
    return codes


async def spend(db: AsyncSession, *, user_id: int, code: str) -> bool:
    """Use a code. Returns False if it is wrong or was used before."""
    typed = normalised(code)
    if typed is None:
        return False
    # One statement, so that only one of several requests with this code succeeds.
    query = delete(RecoveryCode).where(_is_one_of([typed], user_id=user_id)).returning(RecoveryCode.id)
    return await db.scalar(query) is not None


def _is_one_of(codes: list[str], *, user_id: int) -> ColumnElement[bool]:
    return and_(RecoveryCode.user_id == user_id, RecoveryCode.code_hash.in_([digest(code) for code in codes]))
