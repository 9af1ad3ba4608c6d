"""The operator's acts on a user: disabling, enabling, deleting, and what helps somebody who can't log in."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app import clock
from quart_auth_app.accounts import access_keys, deletion, email_changes, outbox, roles, sessions
from quart_auth_app.accounts.browsers import OPERATOR
from quart_auth_app.accounts.credentials import second_step
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.logging_in import pending_log_ins
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import User


class StillReferredTo(AccountError):
    """A table of the site's own has a foreign key to the user, without CASCADE or SET NULL."""


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
    password_hash = await passwords.hash_new(password, context=[user.email, user.name, site], browser=OPERATOR)
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

    Raises StillReferredTo, or LastAdmin unless `even_last_admin`.
    """
    if not even_last_admin:
        await roles.keep_an_admin(db, user_id=user.id)
    try:
        gone = await db.scalar(delete(User).where(User.id == user.id).returning(User.id))
    except IntegrityError:
        raise StillReferredTo from None
    if gone is None:
        return  # another request has just deleted the user, and told them
    await deletion.record(db, user_id=user.id, email=user.email, language=user.language, now=clock.now())
