"""Asking for a change of address: the new address gets a mail with a link and a code, the old one a notice."""

from datetime import datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import outbox
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.email_changes.waiting import LASTS, drop, locked, pending
from quart_auth_app.accounts.errors import SameEmail
from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.sessions import Found
from quart_auth_app.accounts.throttling import limits, mail_limits, throttle
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import EmailChange, User

DOUBLE_CLICK = timedelta(minutes=1)
"""Asking for the same address again within this time counts as one request."""


async def ask(transaction: UnitOfWork, *, found: Found, email: str, browser: Browser, now: datetime) -> None:
    """Mail the new address for confirmation, and notify the old one. An earlier pending change is void.

    Raises InvalidEmail, SameEmail, SessionRevoked or TooManyAttempts.
    """
    email = email_addresses.validated(email)
    user_id = found.user["id"]
    async with transaction() as db:
        await throttle.hit(db, (limits.EMAIL_CHANGE_BY_ACCOUNT, str(user_id)), now=now)
        await mail_limits.count_client(db, browser=browser, now=now)
    async with transaction() as db:
        user = await locked(db, found)
        if user.email == email:
            raise SameEmail
        before = await pending(db, user_id=user_id, now=now)
        if before and before.new_email == email and abs(now - before.asked_at) < DOUBLE_CLICK:
            return
        await drop(db, user_id=user_id)
        await _wish(db, user=user, email=email, now=now)
        await activity.note(db, user_id=user_id, kind="email_change_asked", browser=browser, now=now)
        if await mail_limits.may_send(db, email=email, browser=browser, now=now):
            lasts = outbox.LINK_LASTS
            await outbox.queue(db, kind="email_change", to=email, user_id=user_id, now=now, lasts=lasts)


async def _wish(db: AsyncSession, *, user: User, email: str, now: datetime) -> None:
    wish = {
        "user_id": user.id,
        "new_email": email,
        "account_key": user.email_key,
        "password_version": user.password_version,
        "asked_at": now,
        "expires_at": now + LASTS,
    }
    await db.execute(insert(EmailChange).values(wish))
