"""Confirming a sign-up by the mailed code or link, which makes the account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ScalarSelect, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import double_clicks, mailed_codes, tokens
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import AlreadyConfirmed, LinkUsed, WrongSignUpPassword
from quart_auth_app.accounts.fields import own_fields
from quart_auth_app.accounts.fields.own_field import OwnField
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.signing_up import taken
from quart_auth_app.accounts.users import adding
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import SignUp, User

MAX_TRIES = 5
"""How many wrong passwords may be given with a sign-up's link."""


@dataclass(frozen=True)
class Confirmed:
    """A sign-up that has become an account."""

    user: User
    dropped: list[OwnField]
    """Fields of the site's own that are empty: what was typed has passed the site's check then, but not any more."""


async def confirm_by_code(
    transaction: UnitOfWork, passwords: Passwords, *, sign_up_id: int, code: str, browser: Browser, now: datetime
) -> Confirmed:
    """Make the account by the mailed code, in the browser of the sign-up.

    Raises WrongMailedCode, AlreadyConfirmed, OwnFieldTaken or TooBusy.
    """
    row = SignUp.id == sign_up_id
    await mailed_codes.check(transaction, passwords, SignUp, row, code=code, browser=browser, known=False, now=now)
    return await _become_account(transaction, sign_up_id=sign_up_id, token=None, browser=browser, now=now)


async def confirm_by_link(
    transaction: UnitOfWork,
    passwords: Passwords,
    *,
    token: str,
    own_sign_up_id: int | None,
    password: str,
    browser: Browser,
    now: datetime,
) -> Confirmed:
    """Make the account by the mailed link, for the person who has signed up.

    They have proved that if it was in this browser, whose sign-up is `own_sign_up_id`, or if they know the password
    chosen at sign-up. Otherwise the address's owner, by opening a link, would make an account for a stranger. Raises
    LinkInvalid, LinkUsed, WrongSignUpPassword, AlreadyConfirmed, OwnFieldTaken or TooBusy.
    """
    async with transaction() as db:
        sign_up = (await tokens.look(db, token=token, purpose=tokens.CONFIRM, now=now)).sign_up
    if sign_up is None:
        raise LinkUsed
    if sign_up.id != own_sign_up_id:
        await _insist_on_password(transaction, passwords, sign_up.id, password, browser)
    return await _become_account(transaction, sign_up_id=sign_up.id, token=token, browser=browser, now=now)


async def _insist_on_password(
    transaction: UnitOfWork, passwords: Passwords, sign_up_id: int, password: str, browser: Browser
) -> None:
    with passwords.place_in_line(browser):
        async with transaction() as db:
            query = (
                update(SignUp)
                .where(SignUp.id == sign_up_id, SignUp.password_tries < MAX_TRIES)
                .values(password_tries=SignUp.password_tries + 1)
                .returning(SignUp.password)
            )
            stored = await db.scalar(query)
        if stored is None or not (await passwords.verify(password, stored))[0]:
            raise WrongSignUpPassword


async def _become_account(
    transaction: UnitOfWork, *, sign_up_id: int, token: str | None, browser: Browser, now: datetime
) -> Confirmed:
    async with transaction() as db:
        waiting = await db.get(SignUp, sign_up_id)
    if not waiting:
        raise AlreadyConfirmed
    values, dropped = own_fields.readable(waiting.own)
    async with (
        own_fields.refused_if_taken(transaction, values=values),
        taken.refused(transaction, email=waiting.email, error=AlreadyConfirmed),
        transaction() as db,
    ):
        sign_up = await _take(db, sign_up_id)
        if token:
            await tokens.consume(db, token=token, purpose=tokens.CONFIRM, now=now)
        user = await adding.add(
            db,
            email=sign_up.email,
            name=sign_up.name,
            password=sign_up.password,
            verified_at=now,
            own=values,
            browser=browser,
            now=now,
        )
        await tokens.use_up(db, sign_up=sign_up, now=now)
        await db.execute(delete(SignUp).where(SignUp.email_key == user.email_key))
        await double_clicks.store(db, browser, number=user.id, now=now)
    return Confirmed(user, dropped)


async def _take(db: AsyncSession, sign_up_id: int) -> SignUp:
    """Lock all sign-ups of the address, and return this one. Raises AlreadyConfirmed if it is gone."""
    key = select(SignUp.email_key).where(SignUp.id == sign_up_id).scalar_subquery()
    found = {each.id: each for each in await lock_all(db, email_key=key)}
    if sign_up_id not in found:
        raise AlreadyConfirmed
    return found[sign_up_id]


async def lock_all(db: AsyncSession, *, email_key: str | ScalarSelect[str]) -> Sequence[SignUp]:
    """Lock all sign-ups of an address, in fixed order. Whoever makes an account of them does so before anything else.

    Otherwise two who make it at once would deadlock: each would have locked what the other waits for.
    """
    lock = select(SignUp).where(SignUp.email_key == email_key).order_by(SignUp.id).with_for_update()
    return (await db.scalars(lock)).all()
