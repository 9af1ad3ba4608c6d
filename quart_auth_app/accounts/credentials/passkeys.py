"""A user's passkeys: adding, naming and removing them."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha512

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import double_clicks
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.credentials import passkey_answers, ways_in
from quart_auth_app.accounts.credentials.passkey_answers import Asking
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.factors import passkey_options, passkeys
from quart_auth_app.accounts.fields import names
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.sessions import Found
from quart_auth_app.accounts.throttling import limits, throttle
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import Passkey, User

MAX_PASSKEYS = 20
"""Passkeys of one user: a page lists them all."""


class PasskeyKnown(AccountError):
    """This passkey is an account's already."""


class TooManyPasskeys(AccountError):
    """The user has `most` passkeys."""


class NoSuchPasskey(AccountError):
    """The user has no passkey with this number, or not any more."""


async def creation_options(db: AsyncSession, asking: Asking, *, user: User, now: datetime) -> dict[str, object]:
    """Return what the browser is asked in order to make a passkey."""
    known = await own(db, user_id=user.id)
    challenge = asking.challenges.new(_for_handle(asking, known), now=now)
    return passkey_options.creation_options(
        asking.site,
        challenge=challenge,
        handle=_handle(known, challenge),
        email=user.email,
        name=user.name,
        known=[each.credential_id for each in known],
    )


async def own(db: AsyncSession, *, user_id: int) -> Sequence[Passkey]:
    """Return the user's passkeys, oldest first."""
    return (await db.scalars(select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id))).all()


async def add(
    transaction: UnitOfWork,
    asking: Asking,
    *,
    found: Found,
    credential: str,
    name: str,
    browser: Browser,
    now: datetime,
) -> Passkey:
    """Add a passkey that the user's browser has made. One without a name is called as the browser is.

    Raises PasskeyRefused, PasskeyTooLate, PasskeyKnown, TooManyPasskeys, TooManyAttempts, InvalidName or
    SessionRevoked.
    """
    user_id = found.user["id"]
    name = names.validated(name) if name else browser.name
    answer = passkey_answers.read(credential)
    counter = limits.PASSKEY_BY_ADDRESS, limits.network(browser.address)
    async with transaction() as db:
        await throttle.hit(db, counter, now=now)
    await passkeys.load()
    try:
        async with transaction() as db:
            await ways_in.hold(db, found=found)
            known = await own(db, user_id=user_id)
            passkey_answers.check_challenge(asking, answer, _for_handle(asking, known), now=now)
            new = passkey_answers.refused_if_not_valid(lambda: passkeys.register(asking.site, answer))
            if len(known) >= MAX_PASSKEYS:
                raise TooManyPasskeys(most=MAX_PASSKEYS)
            await throttle.refund(db, counter)
            await passkey_answers.spend(db, answer, now=now)
            passkey = Passkey(
                **vars(new), user_id=user_id, user_handle=_handle(known, answer.challenge), name=name, created_at=now
            )
            db.add(passkey)
            await activity.note(db, user_id=user_id, kind="passkey_added", browser=browser, now=now)
    except IntegrityError:
        raise PasskeyKnown from None
    return passkey


async def rename(db: AsyncSession, *, user_id: int, passkey_id: int, name: str) -> None:
    """Give one of the user's passkeys another name. Raises InvalidName or NoSuchPasskey."""
    query = update(Passkey).where(*_is(passkey_id, user_id=user_id))
    if await db.scalar(query.values(name=names.validated(name)).returning(Passkey.id)) is None:
        raise NoSuchPasskey


async def remove(db: AsyncSession, *, found: Found, passkey_id: int, browser: Browser, now: datetime) -> bytes:
    """Forget one of the user's passkeys, and return its id. Raises NoSuchPasskey, LastWayIn or SessionRevoked."""
    user_id = found.user["id"]
    this = _is(passkey_id, user_id=user_id)
    await ways_in.hold(db, found=found)
    await ways_in.insist_on_another(db, user_id=user_id, than_passkey=passkey_id)
    query = delete(Passkey).where(*this)
    credential_id: bytes | None = await db.scalar(query.returning(Passkey.credential_id))
    if credential_id is None:
        raise NoSuchPasskey
    await activity.note(db, user_id=user_id, kind="passkey_removed", browser=browser, now=now)
    await double_clicks.store(db, browser, number=passkey_id, now=now)
    return credential_id


async def remove_since(
    db: AsyncSession, *, user_id: int, since: datetime | None, browser: Browser, now: datetime
) -> None:
    """Forget the user's passkeys that were added at `since` or later; all of them if it is None."""
    query = delete(Passkey).where(Passkey.user_id == user_id, *([Passkey.created_at >= since] if since else []))
    for _ in (await db.scalars(query.returning(Passkey.id))).all():
        await activity.note(db, user_id=user_id, kind="passkey_removed", browser=browser, now=now)


def _for_handle(asking: Asking, known: Sequence[Passkey]) -> str:
    # If another tab adds the first passkey meanwhile, this challenge is over: it was asked with another handle.
    return f"{asking.bound_to}, {known[0].user_handle.hex() if known else 'first'}"


def _handle(known: Sequence[Passkey], challenge: bytes) -> bytes:
    # The first handle is made of a challenge, which is random, so that nothing is stored before there is a passkey.
    return known[0].user_handle if known else sha512(challenge).digest()


def _is(number: int, *, user_id: int) -> list[ColumnElement[bool]]:
    """Return what tells one of the user's passkeys from all others. Raises NoSuchPasskey for what can't be a number."""
    if number > activity.NEWEST:
        raise NoSuchPasskey
    return [Passkey.id == number, Passkey.user_id == user_id]
