"""Making users: by signing up without mail, by the operator, and by an invitation.

Functions that hash open their own units of work instead of taking a session: hashing takes a quarter of a second, and
nothing may hold a connection for that long, especially not SQLite's only write lock.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app import clock
from quart_auth_app.accounts import double_clicks, outbox
from quart_auth_app.accounts.browsers import OPERATOR, Browser
from quart_auth_app.accounts.errors import EmailTaken
from quart_auth_app.accounts.fields import email_addresses, names, own_fields
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.signing_up import taken
from quart_auth_app.accounts.throttling import limits, throttle
from quart_auth_app.accounts.users import adding
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import User

NOTHING: Mapping[str, Any] = {}

Also = Callable[[AsyncSession, User], Awaitable[None]]
"""What else is written in the transaction that stores a new user."""


async def sign_up(
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
) -> User:
    """Create a user who signs up on the site. Raises TooManyAttempts, or what `create` raises."""

    async def store_number(db: AsyncSession, user: User) -> None:
        await double_clicks.store(db, browser, number=user.id, now=now)

    async with throttle.counted_unless_busy(
        transaction, (limits.SIGN_UP_BY_ADDRESS, limits.network(browser.address)), now=now
    ):
        return await create(
            transaction,
            passwords,
            email=email,
            name=name,
            password=password,
            site=site,
            browser=browser,
            own=own,
            also=store_number,
        )


async def create(
    transaction: UnitOfWork,
    passwords: Passwords,
    *,
    email: str,
    name: str,
    password: str,
    site: str,
    browser: Browser = OPERATOR,
    own: Mapping[str, str] = NOTHING,
    also: Also | None = None,
) -> User:
    """Create a user. The password must not be built on the address, the name, or the site's name.

    `own` has the values typed into the site's own fields. Raises InvalidEmail, InvalidName, InvalidPassword,
    OwnFieldRefused, EmailTaken or TooBusy; then nobody is created.
    """
    email = email_addresses.validated(email)
    name = names.validated(name)
    values = own_fields.values(own, own_fields.on_sign_up()) if own else {}
    password_hash = await passwords.hash_new(password, context=[email, name, site], browser=browser)
    return await _store(
        transaction, email=email, name=name, password_hash=password_hash, browser=browser, own=values, also=also
    )


async def invite(
    transaction: UnitOfWork, passwords: Passwords, *, email: str, name: str, also: Also | None = None
) -> User:
    """Create a user who chooses the password by a mailed link; until then nobody can log in.

    Raises InvalidEmail, InvalidName, EmailTaken, TooBusy or MailOff.
    """
    email = email_addresses.validated(email)
    name = names.validated(name)
    async with transaction() as db:
        outbox.insist(db)
    with passwords.place_in_line(OPERATOR):
        # A random password that nobody knows, so that failed log-ins take as long as for other accounts.
        password_hash = await passwords.hash(secrets.token_urlsafe(32))
    return await _store(
        transaction, email=email, name=name, password_hash=password_hash, browser=OPERATOR, mail="invite", also=also
    )


async def _store(
    transaction: UnitOfWork,
    *,
    email: str,
    name: str,
    password_hash: str,
    browser: Browser,
    mail: str | None = None,
    own: Mapping[str, Any] = NOTHING,
    also: Also | None = None,
) -> User:
    now = clock.now()
    async with (
        own_fields.refused_if_taken(transaction, values=own),
        taken.refused(transaction, email=email, error=EmailTaken),
        transaction() as db,
    ):
        user = await adding.add(
            db, email=email, name=name, password=password_hash, verified_at=None, own=own, browser=browser, now=now
        )
        if mail:
            await outbox.queue(db, kind=mail, to=email, user_id=user.id, now=now)
        if also:
            await also(db, user)
    return user
