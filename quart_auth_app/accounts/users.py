"""Users: signing up without mail, and the operator's acts: inviting, disabling, deleting, and others.

Functions that hash open their own units of work instead of taking a session: hashing takes a quarter of a second, and
nothing may hold a connection for that long, especially not SQLite's only write lock.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app import clock
from quart_auth_app.accounts import (
    access_keys,
    activity,
    deletion,
    email_addresses,
    email_changes,
    limits,
    names,
    outbox,
    own_fields,
    pending_log_ins,
    roles,
    second_step,
    sessions,
    taken,
    throttle,
)
from quart_auth_app.accounts.browsers import OPERATOR, Browser
from quart_auth_app.accounts.errors import EmailTaken
from quart_auth_app.accounts.passwords import Passwords
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
    async with throttle.counted_unless_busy(
        transaction, (limits.SIGN_UP_BY_ADDRESS, limits.network(browser.address)), now=now
    ):
        return await create(
            transaction, passwords, email=email, name=name, password=password, site=site, browser=browser, own=own
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
    with passwords.place_in_line(browser):
        await passwords.check_new(password, context=[email, name, site])
        password_hash = await passwords.hash(password)
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
    user = User(
        email=email,
        email_key=email_addresses.key(email),
        name=name,
        password=password_hash,
        language=browser.language,
        created_at=now,
    )
    async with (
        own_fields.refused_if_taken(transaction, values=own),
        taken.refused(transaction, email=email, error=EmailTaken),
        transaction() as db,
    ):
        db.add(user)
        await db.flush()
        await own_fields.store(db, user_id=user.id, values=own)
        await activity.note(db, user_id=user.id, kind="created", browser=browser, now=now)
        if mail:
            await outbox.queue(db, kind=mail, to=email, user_id=user.id, now=now)
        if also:
            await also(db, user)
    return user


async def send_reset(db: AsyncSession, *, user: User, now: datetime) -> None:
    """Mail the user a link for choosing another password. Raises MailOff."""
    outbox.insist(db)
    await activity.note(db, user_id=user.id, kind="reset_sent", browser=OPERATOR, now=now)
    await outbox.queue(db, kind="reset", to=user.email, user_id=user.id, now=now, lasts=outbox.LINK_LASTS)


async def disable(db: AsyncSession, *, user: User, now: datetime, even_last_admin: bool = False) -> None:
    """Disable the account, and revoke its sessions and keys, so that the next request of each browser is logged out.

    Raises LastAdmin unless `even_last_admin`.
    """
    if not even_last_admin:
        await roles.keep_an_admin(db, user_id=user.id)
    await db.execute(update(User).where(User.id == user.id, User.disabled_at.is_(None)).values(disabled_at=now))
    await sessions.revoke_all(db, user=user)
    await access_keys.revoke_all(db, user_id=user.id, now=now)
    await email_changes.drop(db, user_id=user.id)
    await activity.note(db, user_id=user.id, kind="disabled", browser=OPERATOR, now=now)


async def enable(db: AsyncSession, *, user: User, now: datetime) -> None:
    """Enable the account again."""
    await db.execute(update(User).where(User.id == user.id).values(disabled_at=None))
    await activity.note(db, user_id=user.id, kind="enabled", browser=OPERATOR, now=now)


async def set_password(transaction: UnitOfWork, passwords: Passwords, *, user: User, password: str, site: str) -> None:
    """Change the user's password, and revoke all sessions, including those of somebody who knew the old one.

    Raises InvalidPassword or TooBusy; then nothing is changed.
    """
    with passwords.place_in_line(OPERATOR):
        await passwords.check_new(password, context=[user.email, user.name, site])
        password_hash = await passwords.hash(password)
    async with transaction() as db:
        changed = {"password": password_hash, "password_version": User.password_version + 1}
        await db.execute(update(User).where(User.id == user.id).values(changed))
        await sessions.revoke_all(db, user=user)
        await email_changes.drop(db, user_id=user.id)
        await second_step.drop_unconfirmed(db, user_id=user.id)
        await activity.note(db, user_id=user.id, kind="password_changed", browser=OPERATOR, now=clock.now())


async def reset_second_step(db: AsyncSession, *, user: User) -> bool:
    """Delete the user's authenticator app and recovery codes, as the phone is lost, and revoke all sessions.

    Returns whether the second step was on.
    """
    was_on = await second_step.turn_off(db, user_id=user.id, browser=OPERATOR, now=clock.now())
    await pending_log_ins.cancel_all(db, user_id=user.id)
    await sessions.revoke_all(db, user=user)
    return was_on


async def delete_user(db: AsyncSession, *, user: User, even_last_admin: bool = False) -> None:
    """Delete the account and its sessions at once; its address can be used again.

    Raises LastAdmin unless `even_last_admin`.
    """
    if not even_last_admin:
        await roles.keep_an_admin(db, user_id=user.id)
    if await db.scalar(delete(User).where(User.id == user.id).returning(User.id)) is None:
        return  # another request has just deleted the user, and told them
    await deletion.record(db, user_id=user.id, email=user.email, language=user.language, now=clock.now())
