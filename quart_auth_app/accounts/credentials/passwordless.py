"""Accounts without a password, whose owners log in with a passkey."""

from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import outbox, sessions
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.credentials import ways_in
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.logging_in import pending_log_ins
from quart_auth_app.accounts.sessions import Found, Renewed
from quart_auth_app.accounts.users import user_rows
from quart_auth_app.models import Passkey, User


class NoWayBack(AccountError):
    """The password can't be removed: that needs a passkey, and an address that is proven to be the person's."""


async def remove_password(db: AsyncSession, *, found: Found, browser: Browser, now: datetime) -> tuple[Renewed, bool]:
    """Remove the account's password, and revoke all other sessions. Raises NoWayBack or SessionRevoked.

    A mailed link can always set a new one, so mail must be on and the address verified. Returns this session with its
    new token, and whether there was a password.
    """
    user_id, version = found.user["id"], found.user["password_version"]
    await user_rows.lock(db, user_id=user_id)
    without = select(User.password_version).where(User.id == user_id, User.password == ways_in.NO_PASSWORD)
    if (newer := await db.scalar(without)) is not None:  # a second click
        return await sessions.renew_own(db, found=found, browser=browser, now=now, password_version=newer), False
    has_passkey = exists().where(Passkey.user_id == user_id)
    query = update(User).where(
        User.id == user_id, User.password_version == version, User.verified_at.is_not(None), has_passkey
    )
    changed = {"password": ways_in.NO_PASSWORD, "password_version": version + 1}
    if not outbox.is_on(db) or await db.scalar(query.values(changed).returning(User.id)) is None:
        raise NoWayBack
    await pending_log_ins.cancel_all(db, user_id=user_id)
    renewed = await sessions.renew_own(db, found=found, browser=browser, now=now, password_version=version + 1)
    await sessions.revoke_others(db, user_id=user_id, keep=renewed.number)
    await activity.note(db, user_id=user_id, kind="password_removed", browser=browser, now=now)
    return renewed, True
