"""Carrying out a change of address: by the mailed link, by the mailed code, or at once where no mail is sent."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import double_clicks, mailed_codes, outbox, sessions, tokens
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.email_changes.waiting import drop, locked, pending
from quart_auth_app.accounts.errors import EmailTaken, LinkInvalid, LinkOfAnother, NoEmailChange
from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.logging_in import pending_log_ins
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.sessions import Found
from quart_auth_app.accounts.signing_up import taken
from quart_auth_app.accounts.throttling import limits, throttle
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import EmailChange, User


async def change_at_once(transaction: UnitOfWork, *, found: Found, email: str, browser: Browser, now: datetime) -> User:
    """Change the account's address where no mail is sent, and return the user. The same address again is no change.

    The new address is not proved. All other sessions are revoked. Raises InvalidEmail, EmailTaken, SessionRevoked
    or TooManyAttempts.
    """
    email = email_addresses.validated(email)
    user_id = found.user["id"]
    async with transaction() as db:
        await throttle.hit(db, (limits.EMAIL_CHANGE_BY_ACCOUNT, str(user_id)), now=now)
    async with taken.refused(transaction, email=email, error=EmailTaken, but=user_id), transaction() as db:
        user = await locked(db, found)
        if user.email != email:
            await _give(db, user=user, email=email, verified_at=None)
            await _settle(db, found=found, browser=browser, now=now)
    return user


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

    Raises LinkInvalid, LinkUsed, LinkOfAnother, SessionRevoked, or EmailTaken where the address has become another
    account's.
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

    Raises WrongMailedCode, NoEmailChange, SessionRevoked, TooBusy, or EmailTaken where the address has become another
    account's.
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
    user = await locked(db, found)
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
    await double_clicks.store(db, browser, number=user_id, now=now)
