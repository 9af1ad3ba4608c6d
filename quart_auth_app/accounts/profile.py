"""Changes that people make to their own account: name, password, language."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import double_clicks, email_changes, sessions, sudo
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.credentials import second_step, ways_in
from quart_auth_app.accounts.fields import names
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.sessions import Found, Renewed
from quart_auth_app.accounts.sudo_errors import WrongPassword
from quart_auth_app.accounts.throttling import throttle
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import User


class WrongCurrentPassword(WrongPassword):
    """The current password is wrong."""

    field = "current_password"


class PasswordChanged(Exception):
    """Another request has changed the password since this one began."""


async def change_name(db: AsyncSession, *, user_id: int, name: str, browser: Browser, now: datetime) -> None:
    """Change the user's name; the same name again is no change. Raises InvalidName."""
    name = names.validated(name)
    query = update(User).where(User.id == user_id, User.name != name).values(name=name).returning(User.id)
    if await db.scalar(query) is not None:
        await activity.note(db, user_id=user_id, kind="name_changed", browser=browser, now=now)


async def change_password(
    transaction: UnitOfWork,
    passwords: Passwords,
    *,
    found: Found,
    current_password: str,
    password: str,
    site: str,
    browser: Browser,
    now: datetime,
) -> Renewed:
    """Change the logged-in user's password. This session gets a new token, all others are revoked.

    A wrong current password is counted by `sudo.check_password`.

    Raises InvalidPassword, WrongCurrentPassword, SessionRevoked or TooBusy, and changes nothing then.
    """
    with passwords.place_in_line(browser, known=True):
        await passwords.check_new(password, context=[found.user["email"], found.user["name"], site])
        try:
            await sudo.check_password(
                transaction, passwords, found=found, password=current_password, browser=browser, now=now
            )
            password_hash = await passwords.hash(password)
            async with transaction() as db:
                return await _replace(db, found=found, password_hash=password_hash, browser=browser, now=now)
        except (PasswordChanged, WrongPassword):
            raise WrongCurrentPassword from None


async def _replace(db: AsyncSession, *, found: Found, password_hash: str, browser: Browser, now: datetime) -> Renewed:
    user_id, version = found.user["id"], found.user["password_version"]
    changed = {"password": password_hash, "password_version": version + 1}
    query = update(User).where(User.id == user_id, User.password_version == version).values(changed).returning(User.id)
    if await db.scalar(query) is None:
        raise PasswordChanged
    renewed = await sessions.renew_own(db, found=found, browser=browser, now=now, password_version=version + 1)
    await sessions.revoke_others(db, user_id=user_id, keep=renewed.number)
    await email_changes.drop(db, user_id=user_id)
    await second_step.drop_unconfirmed(db, user_id=user_id)
    await throttle.clear(db, sudo.counter(found))
    await activity.note(db, user_id=user_id, kind="password_changed", browser=browser, now=now)
    await double_clicks.store(db, browser, number=user_id, now=now)
    return renewed


async def changed_again(db: AsyncSession, *, found: Found, browser: Browser, now: datetime) -> Renewed:
    """Return for a second click what `change_password` has returned for the first, whose answer nobody has seen.

    Raises SessionRevoked.
    """
    await ways_in.hold(db, found=found)
    await throttle.clear(db, sudo.counter(found))  # the second click's old password was counted as wrong
    version = await db.scalar(select(User.password_version).where(User.id == found.user["id"])) or 0
    return await sessions.renew_own(db, found=found, browser=browser, now=now, password_version=version)


async def change_language(db: AsyncSession, *, found: Found, language: str | None) -> None:
    """Store the user's language; None means the language that each browser asks for. Raises SessionRevoked."""
    await ways_in.hold(db, found=found)
    await db.execute(update(User).where(User.id == found.user["id"]).values(language=language))
