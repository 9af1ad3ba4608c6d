"""Signing up where mail is on: a sign-up becomes an account when the mail to its address is answered.

Nothing here looks whether the address has an account. The sender of mail does, and tells the address's owner alone.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import (
    activity,
    double_clicks,
    email_addresses,
    mail_limits,
    mailed_codes,
    names,
    outbox,
    own_fields,
    taken,
    throttle,
    tokens,
    ways_in,
)
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import AlreadyConfirmed, LinkUsed, WrongSignUpPassword
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import SignUp, User

LASTS = timedelta(hours=24)
"""How long a sign-up waits for its mail to be answered, as long as the link does."""

DOUBLE_CLICK = timedelta(minutes=1)
"""Whoever signs up with the same details again within this time has signed up once; no second mail goes out either."""

NOTHING: Mapping[str, str] = {}

MAX_TRIES = 5
"""Wrong passwords beside a link that a sign-up takes."""


async def begin(
    transaction: UnitOfWork,
    passwords: Passwords,
    *,
    email: str,
    name: str,
    password: str,
    site: str,
    browser: Browser,
    now: datetime,
    own: Mapping[str, str] = NOTHING,
) -> int:
    """Keep what a stranger typed and have the address's owner asked. Return the sign-up's number.

    `own` is what was typed into the site's own fields. Of a form that was sent twice the first counts, whose
    mail is under way. Raises TooManyAttempts, InvalidEmail, InvalidName, InvalidPassword, OwnFieldRefused or TooBusy.
    """
    async with throttle.counted_unless_busy(transaction, mail_limits.of_client(browser), now=now):
        email = email_addresses.validated(email)
        name = names.validated(name)
        if own:  # only to refuse them here; text keeps in the database
            values = own_fields.values(own, own_fields.on_sign_up())
            async with transaction() as db:
                await own_fields.insist_on_free(db, values=values)
        with passwords.place_in_line(browser):
            await passwords.check_new(password, context=[email, name, site])
            password_hash = await passwords.hash(password)

    async def is_same(first: SignUp) -> bool:
        with passwords.place_in_line(browser):
            return (await passwords.verify(password, first.password))[0]

    sign_up = _row(email, name, password_hash, own=own, now=now)
    return await _keep(transaction, sign_up, is_same=is_same, browser=browser, now=now)


async def begin_without_password(
    transaction: UnitOfWork, *, email: str, name: str, own: Mapping[str, str], browser: Browser, now: datetime
) -> int:
    """Do the same for who has an account at a provider, and whose own account needs no password.

    Raises TooManyAttempts, InvalidEmail, InvalidName or OwnFieldRefused.
    """
    async with throttle.counted_unless_busy(transaction, mail_limits.of_client(browser), now=now):
        email = email_addresses.validated(email)
        name = names.validated(name)
        if own:
            values = own_fields.values(own, own_fields.on_sign_up())
            async with transaction() as db:
                await own_fields.insist_on_free(db, values=values)

    async def is_same(_first: SignUp) -> bool:
        return False  # nothing tells whose the first is

    sign_up = _row(email, name, ways_in.NO_PASSWORD, own=own, now=now)
    return await _keep(transaction, sign_up, is_same=is_same, browser=browser, now=now)


def _row(email: str, name: str, password_hash: str, *, own: Mapping[str, str], now: datetime) -> SignUp:
    return SignUp(
        email=email,
        email_key=email_addresses.key(email),
        name=name,
        password=password_hash,
        own=dict(own),
        created_at=now,
    )


async def _keep(
    transaction: UnitOfWork,
    sign_up: SignUp,
    *,
    is_same: Callable[[SignUp], Awaitable[bool]],
    browser: Browser,
    now: datetime,
) -> int:
    async with transaction() as db:
        if await mail_limits.may_send(db, email=sign_up.email, now=now):
            await _add(db, sign_up)
            await double_clicks.note(db, browser, number=sign_up.id, now=now)
            await outbox.queue(
                db,
                kind="sign_up",
                to=sign_up.email,
                sign_up_id=sign_up.id,
                language=browser.language,
                now=now,
                lasts=outbox.LINK_LASTS,
            )
            return sign_up.id
        if number := await double_clicks.made(db, browser, now=now):
            return number
        first = await _first_click(db, sign_up)
    if first and await is_same(first):
        return first.id
    async with transaction() as db:
        return await _add(db, sign_up)


async def _add(db: AsyncSession, sign_up: SignUp) -> int:
    db.add(sign_up)
    await db.flush()
    return sign_up.id


async def _first_click(db: AsyncSession, second: SignUp) -> SignUp | None:
    query = select(SignUp).where(
        SignUp.email_key == second.email_key,
        SignUp.name == second.name,
        SignUp.created_at > second.created_at - DOUBLE_CLICK,
    )
    first: SignUp | None = await db.scalar(query.order_by(SignUp.id).limit(1))
    return first


async def email_of(db: AsyncSession, *, sign_up_id: int, now: datetime) -> str | None:
    """Return the address that a waiting sign-up gave, None if it does not wait any more."""
    query = select(SignUp.email).where(SignUp.id == sign_up_id, SignUp.created_at > now - LASTS)
    return await db.scalar(query)


async def confirm_by_code(
    transaction: UnitOfWork, passwords: Passwords, *, sign_up_id: int, code: str, browser: Browser, now: datetime
) -> User:
    """Make the account, for whoever signed up in this browser and reads the address's mail.

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
) -> User:
    """Make the account, for whoever has the link and has signed up.

    They did if it was in this browser, whose sign-up is `own_sign_up_id`, or if they know the password that was chosen:
    an owner who clicks on whatever comes by mail must not let in the stranger who signed up. Raises LinkInvalid,
    LinkUsed, WrongSignUpPassword, AlreadyConfirmed, OwnFieldTaken or TooBusy.
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
) -> User:
    async with transaction() as db:
        waiting = await db.get(SignUp, sign_up_id)
    if not waiting:
        raise AlreadyConfirmed
    values = own_fields.readable(waiting.own)
    async with (
        own_fields.refused_if_taken(transaction, values=values),
        taken.refused(transaction, email=waiting.email, error=AlreadyConfirmed),
        transaction() as db,
    ):
        sign_up = await _take(db, sign_up_id)
        if token:
            await tokens.consume(db, token=token, purpose=tokens.CONFIRM, now=now)
        user = User(
            email=sign_up.email,
            email_key=sign_up.email_key,
            name=sign_up.name,
            password=sign_up.password,
            language=browser.language,
            created_at=now,
            verified_at=now,
        )
        db.add(user)
        await db.flush()
        await own_fields.store(db, user_id=user.id, values=values)
        await tokens.use_up(db, sign_up=sign_up, now=now)
        await db.execute(delete(SignUp).where(SignUp.email_key == user.email_key))
        await activity.note(db, user_id=user.id, kind="created", browser=browser, now=now)
        await double_clicks.note(db, browser, number=user.id, now=now)
    return user


async def _take(db: AsyncSession, sign_up_id: int) -> SignUp:
    """Lock all sign-ups of the address, in one order, and return this one. Raises AlreadyConfirmed if it is gone.

    Two of them that are confirmed at once would otherwise each lock its own and wait for the other's.
    """
    key = select(SignUp.email_key).where(SignUp.id == sign_up_id).scalar_subquery()
    lock = select(SignUp).where(SignUp.email_key == key).order_by(SignUp.id).with_for_update()
    found = {each.id: each for each in await db.scalars(lock)}
    if sign_up_id not in found:
        raise AlreadyConfirmed
    return found[sign_up_id]


def expired(now: datetime) -> ColumnElement[bool]:
    """Tell sign-ups whose mail was not answered in time from the others."""
    return SignUp.created_at <= now - LASTS
