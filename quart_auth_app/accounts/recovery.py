"""Recovering an account by a link that was mailed after a forgotten password."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import double_clicks, email_changes, outbox, sessions, tokens
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.credentials import passkeys, second_step
from quart_auth_app.accounts.errors import LinkInvalid
from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.logging_in import pending_log_ins
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.throttling import limits, mail_limits, throttle
from quart_auth_app.accounts.tokens import Linked
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import Identity, Mail, User


async def ask(db: AsyncSession, *, email: str, browser: Browser, now: datetime) -> None:
    """Mail a link to the address. Doesn't check whether it has an account: the sender does.

    Raises TooManyAttempts or InvalidEmail.
    """
    await mail_limits.count_client(db, browser=browser, now=now)
    email = email_addresses.validated(email)
    if await mail_limits.may_send(db, email=email, browser=browser, now=now):
        await outbox.queue(
            db,
            kind="reset",
            to=email,
            browser=browser,
            language=browser.language,
            now=now,
            lasts=outbox.LINK_LASTS,
        )


async def note_asked(db: AsyncSession, *, mail: Mail, user: User) -> None:
    """Write to the user's activity that a link was asked for. The sender calls this, as it has looked up the user.

    Writes it once, however often the mail is tried. For a link from an operator, the command has written it.
    """
    if "browser" not in mail.params:
        return
    asked, at = "reset_asked", mail.created_at
    if not await activity.has(db, user_id=user.id, kind=asked, since=at):
        browser, address = mail.params["browser"], mail.params["address"]
        await activity.write(db, user_id=user.id, kind=asked, browser=browser, address=address, now=at)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The form on a link's page: its token, and the new password."""

    token: str
    password: str
    site: str
    """The site's name, which the password must not be built on."""
    browser: Browser
    now: datetime


async def set_new_password(transaction: UnitOfWork, passwords: Passwords, *, choice: Choice) -> User:
    """Set a new password by a mailed link. A refused password doesn't consume the link.

    All sessions are revoked, and everything pending is void: a change of address, a log-in, a set-up of an app.
    Passkeys and the second step stay (ASVS 6.4.3), unless nobody had proved the address before. Raises LinkInvalid,
    LinkUsed, InvalidPassword or TooBusy.
    """
    user, password_hash = await accepted(transaction, passwords, tokens.RESET, choice)
    now, browser = choice.now, choice.browser
    async with transaction() as db:
        await tokens.consume(db, token=choice.token, purpose=tokens.RESET, now=now)
        if user.verified_at is None:
            await hand_over(db, user, password_hash, browser=browser, now=now)
        else:
            await give_password(db, user, password_hash)
        await activity.note(db, user_id=user.id, kind="password_reset", browser=browser, now=now)
        await double_clicks.store(db, browser, number=user.id, now=now)
    return user


async def hand_over(db: AsyncSession, user: User, password_hash: str, *, browser: Browser, now: datetime) -> None:
    """Give an account whose address nobody had proved to the person who reads that address's mail.

    A stranger may have made it, so all earlier ways in are removed: password, sessions, passkeys, accounts at
    providers, and the second step.
    """
    await give_password(db, user, password_hash, verified_at=func.coalesce(User.verified_at, now))
    await second_step.turn_off(db, user_id=user.id, browser=browser, now=now)
    await passkeys.remove_since(db, user_id=user.id, since=None, browser=browser, now=now)
    await forget_identities(db, user)


async def forget_identities(db: AsyncSession, user: User, *, since: datetime | None = None) -> None:
    """Disconnect the accounts at providers: all, or those from `since` on."""
    those = [Identity.created_at >= since] if since else []
    await db.execute(delete(Identity).where(Identity.user_id == user.id, *those))


async def accepted(transaction: UnitOfWork, passwords: Passwords, purpose: str, choice: Choice) -> tuple[User, str]:
    """Return the link's user, and the hash of the chosen password. Consumes nothing."""
    async with transaction() as db:
        linked: Linked = await tokens.look(db, token=choice.token, purpose=purpose, now=choice.now)
    user = linked.user
    if user is None:
        raise LinkInvalid
    context = [linked.sent_to, user.email, user.name, choice.site]
    return user, await passwords.hash_new(choice.password, context=context, browser=choice.browser)


async def give_password(db: AsyncSession, user: User, password_hash: str, **changed: Any) -> None:
    """Set the password and the columns in `changed`, and end everything that a thief may have begun."""
    values = {"password": password_hash, "password_version": User.password_version + 1, **changed}
    query = update(User).where(User.id == user.id).values(values)
    await db.execute(query.execution_options(synchronize_session=False))
    await sessions.revoke_all(db, user=user)
    await email_changes.drop(db, user_id=user.id)
    await pending_log_ins.cancel_all(db, user_id=user.id)
    await second_step.drop_unconfirmed(db, user_id=user.id)
    # If somebody's guesses have locked the owner out, they can get in now; the count of their network stays.
    await throttle.clear(db, (limits.LOG_IN_BY_ACCOUNT, email_addresses.key(values.get("email", user.email))))
    for counter in limits.second_step_counters(user_id=user.id, device=None):
        await throttle.clear(db, counter)
    await throttle.clear(db, (limits.SECOND_STEP_BY_ALL_DEVICES_A_DAY, str(user.id)))
