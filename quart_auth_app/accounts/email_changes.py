"""Changing an account's address: asked for, confirmed by mail to the new address, or cancelled.

With mail, nothing here checks whether the new address has an account, so nobody learns it from the pages. The sender of
mail checks, and tells only that account's owner. Without mail an address changes at once, unproved, and a taken one is
refused. `recovery.undo_email_change` reverts a change.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import (
    activity,
    double_clicks,
    email_addresses,
    limits,
    mail_limits,
    mailed_codes,
    outbox,
    pending_log_ins,
    sessions,
    taken,
    throttle,
    tokens,
)
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import EmailTaken, LinkInvalid, LinkOfAnother, NoEmailChange, SameEmail
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.sessions import Found
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import EmailChange, User

LASTS = tokens.LIFETIMES[tokens.CHANGE]
"""How long a change waits: as short as people can manage, as a thief may have asked for it and come back."""

DOUBLE_CLICK = timedelta(minutes=1)
"""Asking for the same address again within this time counts as one request."""


async def change_at_once(transaction: UnitOfWork, *, found: Found, email: str, browser: Browser, now: datetime) -> User:
    """Change the account's address where no mail is sent, and return the user. The same address again is no change.

    The new address is not proved. All other sessions are revoked. Raises InvalidEmail, EmailTaken or
    TooManyAttempts.
    """
    email = email_addresses.validated(email)
    user_id = found.user["id"]
    async with transaction() as db:
        await throttle.hit(db, (limits.EMAIL_CHANGE_BY_ACCOUNT, str(user_id)), now=now)
    async with taken.refused(transaction, email=email, error=EmailTaken, but=user_id), transaction() as db:
        user = await _locked(db, user_id)
        if user.email != email:
            await _give(db, user=user, email=email, verified_at=None)
            await _settle(db, found=found, browser=browser, now=now)
    return user


async def ask(transaction: UnitOfWork, *, found: Found, email: str, browser: Browser, now: datetime) -> None:
    """Mail the new address for confirmation, and notify the old one. An earlier pending change is void.

    Raises InvalidEmail, SameEmail or TooManyAttempts.
    """
    email = email_addresses.validated(email)
    user_id = found.user["id"]
    async with transaction() as db:
        await throttle.hit(db, (limits.EMAIL_CHANGE_BY_ACCOUNT, str(user_id)), now=now)
        await mail_limits.count_client(db, browser=browser, now=now)
    async with transaction() as db:
        user = await _locked(db, user_id)
        if user.email == email:
            raise SameEmail
        before = await pending(db, user_id=user_id, now=now)
        if before and before.new_email == email and abs(now - before.asked_at) < DOUBLE_CLICK:
            return
        await drop(db, user_id=user_id)
        await _wish(db, user=user, email=email, now=now)
        await activity.note(db, user_id=user_id, kind="email_change_asked", browser=browser, now=now)
        if await mail_limits.may_send(db, email=email, now=now):
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


async def pending(db: AsyncSession, *, user_id: int, now: datetime) -> EmailChange | None:
    """Return the pending change, or None."""
    query = (
        select(EmailChange)
        .join(User, User.id == EmailChange.user_id)
        .where(
            EmailChange.user_id == user_id,
            EmailChange.expires_at > now,
            EmailChange.account_key == User.email_key,
            EmailChange.password_version == User.password_version,
        )
    )
    found: EmailChange | None = await db.scalar(query)
    return found


async def keep_code(db: AsyncSession, *, user_id: int, code_hash: str, now: datetime) -> None:
    """Store the hash of the code that is mailed now; earlier codes are void."""
    await mailed_codes.keep(db, EmailChange, EmailChange.user_id == user_id, code_hash=code_hash, now=now)


async def cancel(db: AsyncSession, *, user_id: int, browser: Browser, now: datetime) -> None:
    """Cancel the pending change, if there is one."""
    if await drop(db, user_id=user_id):
        await activity.note(db, user_id=user_id, kind="email_change_cancelled", browser=browser, now=now)


async def drop(db: AsyncSession, *, user_id: int) -> bool:
    """Delete the pending change, and return whether there was one. Its link and code are void without it."""
    query = delete(EmailChange).where(EmailChange.user_id == user_id).returning(EmailChange.user_id)
    return await db.scalar(query.execution_options(synchronize_session=False)) is not None


async def by_link(db: AsyncSession, *, token: str, user_id: int, now: datetime) -> str:
    """Return the address that a link confirms. Consumes nothing. Raises LinkInvalid, LinkUsed or LinkOfAnother."""
    linked = await tokens.look(db, token=token, purpose=tokens.CHANGE, now=now)
    if not linked.user or linked.user.id != user_id:
        raise LinkOfAnother
    wish = await pending(db, user_id=user_id, now=now)
    if not wish or wish.new_email != linked.sent_to:
        raise LinkInvalid
    return linked.sent_to


async def confirm_by_link(
    transaction: UnitOfWork, *, token: str, found: Found, browser: Browser, now: datetime
) -> User:
    """Change the address by the link in the mail, and return the user, who must be logged in.

    Raises LinkInvalid, LinkUsed, LinkOfAnother, or EmailTaken where the address has become another account's.
    """
    user_id = found.user["id"]
    async with transaction() as db:
        email = await by_link(db, token=token, user_id=user_id, now=now)
    async with taken.refused(transaction, email=email, error=EmailTaken, but=user_id), transaction() as db:
        await tokens.consume(db, token=token, purpose=tokens.CHANGE, now=now)
        user = await _carry_out(db, email=email, found=found, browser=browser, now=now)
        if not user:
            raise LinkInvalid
    return user


async def confirm_by_code(
    transaction: UnitOfWork, passwords: Passwords, *, code: str, found: Found, browser: Browser, now: datetime
) -> User:
    """Change the address by the code that was mailed to the new one, and return the user, who must be logged in.

    Raises WrongMailedCode, NoEmailChange, TooBusy, or EmailTaken where the address has become another account's.
    """
    user_id = found.user["id"]
    async with transaction() as db:
        wish = await pending(db, user_id=user_id, now=now)
    if not wish:
        raise NoEmailChange
    email = wish.new_email
    row = (EmailChange.user_id == user_id) & (EmailChange.new_email == email)
    await mailed_codes.check(transaction, passwords, EmailChange, row, code=code, browser=browser, known=True, now=now)
    async with taken.refused(transaction, email=email, error=EmailTaken, but=user_id), transaction() as db:
        user = await _carry_out(db, email=email, found=found, browser=browser, now=now)
        if not user:
            raise NoEmailChange
    return user


async def _carry_out(db: AsyncSession, *, email: str, found: Found, browser: Browser, now: datetime) -> User | None:
    """Carry out the pending change to this address, and return the user; None if there is none any more."""
    user = await _locked(db, found.user["id"])
    wish = await pending(db, user_id=user.id, now=now)
    if not wish or wish.new_email != email or user.disabled_at:
        return None
    old = user.email
    await _give(db, user=user, email=email, verified_at=now)
    await _settle(db, found=found, browser=browser, now=now)
    lasts = tokens.LIFETIMES[tokens.UNDO]
    await outbox.queue(db, kind="email_change_undoable", to=old, user_id=user.id, now=now, lasts=lasts, browser=browser)
    return user


async def _give(db: AsyncSession, *, user: User, email: str, verified_at: datetime | None) -> None:
    user.email, user.email_key, user.verified_at = email, email_addresses.key(email), verified_at
    await db.flush()


async def _settle(db: AsyncSession, *, found: Found, browser: Browser, now: datetime) -> None:
    # Links that were mailed to the old address are void already: they are bound to it.
    user_id = found.user["id"]
    await drop(db, user_id=user_id)
    await sessions.revoke_others(db, user_id=user_id, keep=found.number)
    await pending_log_ins.cancel_all(db, user_id=user_id)
    await activity.note(db, user_id=user_id, kind="email_changed", browser=browser, now=now)
    await double_clicks.note(db, browser, number=user_id, now=now)


async def _locked(db: AsyncSession, user_id: int) -> User:
    """Return the user with a row lock, so that nobody else changes it until the transaction ends."""
    query = select(User).where(User.id == user_id).with_for_update()
    return (await db.scalars(query.execution_options(populate_existing=True))).one()


def expired(now: datetime) -> ColumnElement[bool]:
    """Return the condition for changes that nobody confirmed in time."""
    return EmailChange.expires_at <= now
