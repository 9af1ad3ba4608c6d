"""What the owner of an account does with its access keys."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import double_clicks
from quart_auth_app.accounts.access_keys.keys import COUNTS, PREFIX, SHOWN, hash_of
from quart_auth_app.accounts.browsers import OPERATOR, Browser
from quart_auth_app.accounts.credentials import ways_in
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.fields import names
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.sessions import Found
from quart_auth_app.models import AccessKey, User

MAX_KEYS = 20
"""Most keys of one account: enough for all scripts, and few enough to look through."""

MAX_DAYS = 365
"""Longest lifetime of a key in days, so that a forgotten key expires."""


class NoSuchAccessKey(AccountError):
    """The account has no key of this number."""


class TooManyAccessKeys(AccountError):
    """The account has `most` keys already."""


class WrongLifetime(AccountError):
    """A key lasts from one day to `most`."""

    field = "days"


async def own(db: AsyncSession, *, user_id: int, now: datetime) -> Sequence[AccessKey]:
    """Return the user's active keys, oldest first."""
    query = select(AccessKey).join(User, User.id == AccessKey.user_id).where(AccessKey.user_id == user_id, *COUNTS)
    return (await db.scalars(query.order_by(AccessKey.id), {"now": now})).all()


async def create(
    db: AsyncSession, *, found: Found, name: str, days: str, browser: Browser, now: datetime
) -> tuple[AccessKey, str]:
    """Make a key that lasts `days` days. Returns its row and the key itself, which is shown only now.

    The second click of a double click gets the first click's key.

    Raises InvalidName, WrongLifetime, TooManyAccessKeys or SessionRevoked.
    """
    user_id = found.user["id"]
    name = names.validated(name)
    lasts = activity.number(days) or 0
    if not 1 <= lasts <= MAX_DAYS:
        raise WrongLifetime(most=MAX_DAYS)
    await ways_in.hold(db, found=found)
    if first := await double_clicks.first_secret(db, browser, now=now):
        query = select(AccessKey).where(AccessKey.key_hash == hash_of(PREFIX + first), AccessKey.user_id == user_id)
        if key := await db.scalar(query):
            return key, PREFIX + first
    if len(await own(db, user_id=user_id, now=now)) >= MAX_KEYS:
        raise TooManyAccessKeys(most=MAX_KEYS)
    text = PREFIX + await double_clicks.new_secret(db, browser, now=now)
    key = AccessKey(
        user_id=user_id,
        name=name,
        beginning=text[:SHOWN],
        key_hash=hash_of(text),
        password_version=(await db.get_one(User, user_id)).password_version,
        created_at=now,
        expires_at=now + timedelta(days=lasts),
    )
    db.add(key)
    await db.flush()
    await activity.note(db, user_id=user_id, kind="access_key_added", browser=browser, now=now, key=name)
    return key, text


async def revoke(db: AsyncSession, *, user_id: int, number: int, browser: Browser, now: datetime) -> None:
    """Revoke one of the user's keys. Raises NoSuchAccessKey."""
    if number > activity.NEWEST:
        raise NoSuchAccessKey
    query = delete(AccessKey).where(AccessKey.id == number, AccessKey.user_id == user_id).returning(AccessKey.name)
    name = await db.scalar(query)
    if name is None:
        raise NoSuchAccessKey
    await activity.note(db, user_id=user_id, kind="access_key_revoked", browser=browser, now=now, key=name)
    await double_clicks.store(db, browser, number=number, now=now)


async def revoke_all(db: AsyncSession, *, user_id: int, now: datetime, browser: Browser = OPERATOR) -> None:
    """Revoke all of the user's keys."""
    for name in await db.scalars(delete(AccessKey).where(AccessKey.user_id == user_id).returning(AccessKey.name)):
        await activity.note(db, user_id=user_id, kind="access_key_revoked", browser=browser, now=now, key=name)
