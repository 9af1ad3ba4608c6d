"""Signing up where mail is on: a sign-up becomes an account when the mail to its address is answered.

Nothing here looks whether the address has an account. The sender of mail does, and tells the address's owner alone.
"""

import secrets
import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import activity, email_addresses, mail_limits, names, outbox, tokens
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import AlreadyConfirmed, LinkUsed, WrongMailedCode, WrongSignUpPassword
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import SignUp, User

LASTS = timedelta(hours=24)
"""How long a sign-up waits for its mail to be answered, as long as the link does."""

CODE_LASTS = timedelta(minutes=10)
MAX_TRIES = 5
"""Wrong codes, or wrong passwords beside a link, that a sign-up takes (ASVS 6.6.3)."""

CODE_LENGTH = 6
_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""32 characters, 30 bits a code. Without I, O, 0 and 1, which are mistaken for each other."""


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
) -> int:
    """Keep what a stranger typed and have the address's owner asked. Return the sign-up's number.

    Raises TooManyAttempts, InvalidEmail, InvalidName, InvalidPassword or TooBusy.
    """
    async with transaction() as db:
        await mail_limits.count_client(db, browser=browser, now=now)
    email = email_addresses.validated(email)
    name = names.validated(name)
    with passwords.place_in_line():
        await passwords.check_new(password, context=[email, name, site])
        password_hash = await passwords.hash(password)
    sign_up = SignUp(
        email=email, email_key=email_addresses.key(email), name=name, password=password_hash, created_at=now
    )
    async with transaction() as db:
        db.add(sign_up)
        await db.flush()
        if await mail_limits.may_send(db, email=email, now=now):
            await outbox.queue(db, kind="sign_up", to=email, sign_up_id=sign_up.id, now=now, lasts=outbox.LINK_LASTS)
    return sign_up.id


def new_code() -> str:
    """Return a code that a person can type from one screen into another."""
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(CODE_LENGTH))


def read_code(typed: str) -> str:
    """Return the code that a person means: in any case, with spaces or hyphens, in full-width characters."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", typed))).upper()


async def set_code(db: AsyncSession, *, sign_up: SignUp, code_hash: str, now: datetime) -> None:
    """Keep the hash of the code that is mailed now; earlier ones don't count any more."""
    values = {"code": code_hash, "code_expires_at": now + CODE_LASTS, "code_tries": 0}
    await db.execute(update(SignUp).where(SignUp.id == sign_up.id).values(values))


async def email_of(db: AsyncSession, *, sign_up_id: int, now: datetime) -> str | None:
    """Return the address that a waiting sign-up gave, None if it does not wait any more."""
    query = select(SignUp.email).where(SignUp.id == sign_up_id, SignUp.created_at > now - LASTS)
    return await db.scalar(query)


async def confirm_by_code(
    transaction: UnitOfWork, passwords: Passwords, *, sign_up_id: int, code: str, browser: Browser, now: datetime
) -> User:
    """Make the account, for whoever signed up in this browser and reads the address's mail.

    Raises WrongMailedCode, AlreadyConfirmed or TooBusy.
    """
    with passwords.place_in_line():
        async with transaction() as db:
            query = (
                update(SignUp)
                .where(SignUp.id == sign_up_id, SignUp.code_expires_at > now, SignUp.code_tries < MAX_TRIES)
                .values(code_tries=SignUp.code_tries + 1)
                .returning(SignUp.code)
            )
            stored = await db.scalar(query)
        if stored is None or not (await passwords.verify(read_code(code), stored))[0]:
            raise WrongMailedCode
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
    LinkUsed, WrongSignUpPassword, AlreadyConfirmed or TooBusy.
    """
    async with transaction() as db:
        sign_up = (await tokens.look(db, token=token, purpose=tokens.CONFIRM, now=now)).sign_up
    if sign_up is None:
        raise LinkUsed
    if sign_up.id != own_sign_up_id:
        await _insist_on_password(transaction, passwords, sign_up.id, password)
    return await _become_account(transaction, sign_up_id=sign_up.id, token=token, browser=browser, now=now)


async def _insist_on_password(transaction: UnitOfWork, passwords: Passwords, sign_up_id: int, password: str) -> None:
    with passwords.place_in_line():
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
    try:
        async with transaction() as db:
            sign_up = await _take(db, sign_up_id)
            if token:
                await tokens.consume(db, token=token, purpose=tokens.CONFIRM, now=now)
            user = User(
                email=sign_up.email,
                email_key=sign_up.email_key,
                name=sign_up.name,
                password=sign_up.password,
                created_at=now,
                verified_at=now,
            )
            db.add(user)
            await db.flush()
            await tokens.use_up(db, sign_up=sign_up, now=now)
            await db.execute(delete(SignUp).where(SignUp.email_key == user.email_key))
            await activity.note(db, user_id=user.id, kind="created", browser=browser, now=now)
    except IntegrityError:
        # A site's own constraints and triggers may refuse too, which is no reason to say that the address is taken.
        async with transaction() as db:
            if not await db.scalar(select(User.id).where(User.email_key == sign_up.email_key)):
                raise
        raise AlreadyConfirmed from None
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


async def prune(db: AsyncSession, *, now: datetime) -> None:
    """Delete sign-ups whose mail was not answered in time."""
    await db.execute(delete(SignUp).where(SignUp.created_at <= now - LASTS))
