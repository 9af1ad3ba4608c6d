"""Users: signing up, changing the password, closing and deleting an account.

Functions that hash open their own units of work in place of taking one: hashing takes a quarter of a second, and nobody
may hold a connection for that long, still less SQLite's one write lock.
"""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app import clock
from quart_auth_app.accounts import (
    activity,
    deletion,
    email_addresses,
    names,
    pending_log_ins,
    second_step,
    sessions,
    throttle,
)
from quart_auth_app.accounts.browsers import OPERATOR, Browser
from quart_auth_app.accounts.errors import EmailTaken
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import User


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
) -> User:
    """Create a user for a stranger. Raises TooManyAttempts, or what `create` raises."""
    async with transaction() as db:
        await throttle.hit(db, (throttle.SIGN_UP_BY_ADDRESS, throttle.network(browser.address)), now=now)
    return await create(transaction, passwords, email=email, name=name, password=password, site=site, browser=browser)


async def create(
    transaction: UnitOfWork,
    passwords: Passwords,
    *,
    email: str,
    name: str,
    password: str,
    site: str,
    browser: Browser = OPERATOR,
) -> User:
    """Create a user. The password must not be built on the address, the name, or the site's name.

    Raises InvalidEmail, InvalidName, InvalidPassword, EmailTaken or TooBusy, and creates nobody then.
    """
    email = email_addresses.validated(email)
    name = names.validated(name)
    with passwords.place_in_line():
        await passwords.check_new(password, context=[email, name, site])
        password_hash = await passwords.hash(password)
    key = email_addresses.key(email)
    user = User(email=email, email_key=key, name=name, password=password_hash, created_at=clock.now())
    try:
        async with transaction() as db:
            db.add(user)
            await db.flush()
            await activity.note(db, user_id=user.id, kind="created", browser=browser, now=clock.now())
    except IntegrityError:
        # A site's own constraints and triggers may refuse too, which is no reason to say that the address is taken.
        async with transaction() as db:
            if not await db.scalar(select(User.id).where(User.email_key == key)):
                raise
        raise EmailTaken from None
    return user


async def disable(db: AsyncSession, *, user: User, now: datetime) -> None:
    """Close the account and revoke its sessions: the next request of each of its browsers is a stranger's."""
    await db.execute(update(User).where(User.id == user.id, User.disabled_at.is_(None)).values(disabled_at=now))
    await sessions.revoke_all(db, user=user)
    await activity.note(db, user_id=user.id, kind="disabled", browser=OPERATOR, now=now)


async def enable(db: AsyncSession, *, user: User, now: datetime) -> None:
    """Open the account again."""
    await db.execute(update(User).where(User.id == user.id).values(disabled_at=None))
    await activity.note(db, user_id=user.id, kind="enabled", browser=OPERATOR, now=now)


async def set_password(transaction: UnitOfWork, passwords: Passwords, *, user: User, password: str, site: str) -> None:
    """Give the user another password, and revoke all sessions: whoever got in with the old one is out.

    Raises InvalidPassword or TooBusy, and changes nothing then.
    """
    with passwords.place_in_line():
        await passwords.check_new(password, context=[user.email, user.name, site])
        password_hash = await passwords.hash(password)
    async with transaction() as db:
        changed = {"password": password_hash, "password_version": User.password_version + 1}
        await db.execute(update(User).where(User.id == user.id).values(changed))
        await sessions.revoke_all(db, user=user)
        await activity.note(db, user_id=user.id, kind="password_changed", browser=OPERATOR, now=clock.now())


async def reset_second_step(db: AsyncSession, *, user: User) -> bool:
    """Forget the user's authenticator app and recovery codes, and revoke all sessions: the person has lost the phone.

    Returns whether the second step was on.
    """
    was_on = await second_step.turn_off(db, user_id=user.id)
    await pending_log_ins.cancel_all(db, user_id=user.id)
    await sessions.revoke_all(db, user=user)
    if was_on:
        await activity.note(db, user_id=user.id, kind="second_step_off", browser=OPERATOR, now=clock.now())
    return was_on


async def delete_user(db: AsyncSession, *, user: User) -> None:
    """Delete the account and its sessions at once; the address is free again."""
    await db.execute(delete(User).where(User.id == user.id))
    await deletion.record(db, user_id=user.id, now=clock.now())
