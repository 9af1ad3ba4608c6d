"""A form that was sent twice by a double click: the second click gets the answer of the first.

The number of what the form has made is stored in the transaction that makes it, so whoever is refused because of that
finds it. It is a row among the counts of `throttle`, with that number as its count.
"""

import secrets
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.fields import email_addresses, names
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.sessions.session_tokens import token_by
from quart_auth_app.accounts.throttling import throttle
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.database.upserts import INSERT
from quart_auth_app.models import Attempts, User

LASTS = timedelta(seconds=30)
"""How long after the first click the second one may arrive: there may be a queue for hashing."""

NUMBERS = 2**31
"""How many different secrets a form can have: the secret's number is stored in the column for a count."""

_attempts = cast(Table, Attempts.__table__)


async def store(db: AsyncSession, browser: Browser, *, number: int, now: datetime) -> None:
    """Store the number of what this browser's form has made."""
    if browser.form:
        made = {"count": number, "ends_at": now + LASTS + throttle.SLACK}
        query = INSERT[db.get_bind().dialect.name](_attempts).values(key=browser.form, **made)
        await db.execute(query.on_conflict_do_update(index_elements=[_attempts.c.key], set_=made))


async def made(db: AsyncSession, browser: Browser, *, now: datetime) -> int | None:
    """Return the number of what the first click on this form has made, None if this is the first click."""
    query = select(Attempts.count).where(Attempts.key == browser.form, Attempts.ends_at > now)
    return await db.scalar(query) if browser.form else None


async def signed_up_already(
    transaction: UnitOfWork,
    passwords: Passwords,
    *,
    email: str,
    name: str,
    password: str,
    browser: Browser,
    opened: datetime,
    now: datetime,
) -> User | None:
    """Return the user whom a sign-up with the same details, in the same browser, has just made; None if there is none.

    `opened` is when this browser opened the form; who opens it again has not clicked twice. `browser.form` is its key
    without the fields, which may spell the same address in another way. Raises TooBusy.
    """
    async with transaction() as db:
        query = select(User).where(
            User.id == await made(db, browser, now=now),
            User.email_key == email_addresses.key(email),
            User.name == names.validated(name),
            User.created_at >= max(opened, now - LASTS) - throttle.SLACK,  # the two times may come from two servers
        )
        user = await db.scalar(query)
    if user is None:
        return None
    with passwords.place_in_line(browser):
        matches, _ = await passwords.verify(password, user.password)
    return user if matches else None


async def new_secret(db: AsyncSession, browser: Browser, *, now: datetime) -> str:
    """Return a secret of 256 bits for what this form makes. The second click gets it from `first_secret`."""
    number = secrets.randbelow(NUMBERS)
    await store(db, browser, number=number, now=now)
    return _secret(db, browser, number)


async def first_secret(db: AsyncSession, browser: Browser, *, now: datetime) -> str | None:
    """Return the secret that the first click on this form has got, None if this is the first click."""
    number = await made(db, browser, now=now)
    return None if number is None else _secret(db, browser, number)


def _secret(db: AsyncSession, browser: Browser, number: int) -> str:
    return token_by(db, browser.form and f"number {number} of form {browser.form}")
