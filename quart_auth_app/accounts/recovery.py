"""Getting an account back by a mailed link: after the password was forgotten, or the address was changed by a thief."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import (
    activity,
    double_clicks,
    email_addresses,
    email_changes,
    mail_limits,
    outbox,
    passkeys,
    pending_log_ins,
    second_step,
    sessions,
    taken,
    throttle,
    tokens,
)
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import EmailTaken, LinkInvalid
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.tokens import Linked
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import Identity, Mail, User


async def ask(db: AsyncSession, *, email: str, browser: Browser, now: datetime) -> None:
    """Have a link mailed to whoever owns the address. Never looks whether it has an account: the sender does.

    Raises TooManyAttempts or InvalidEmail.
    """
    await mail_limits.count_client(db, browser=browser, now=now)
    email = email_addresses.validated(email)
    if await mail_limits.may_send(db, email=email, now=now):
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
    """Note in the user's activity that a link was asked for. The sender calls this: by then it is known whose it is.

    Once, however often the mail is tried. A link that an operator sends was noted at the command.
    """
    if "browser" not in mail.params:
        return
    asked, at = "reset_asked", mail.created_at
    if not await activity.has(db, user_id=user.id, kind=asked, since=at):
        browser, address = mail.params["browser"], mail.params["address"]
        await activity.write(db, user_id=user.id, kind=asked, browser=browser, address=address, now=at)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What somebody sends who has a link: its token, and the password that they have chosen."""

    token: str
    password: str
    site: str
    """Its name, which is no password."""
    browser: Browser
    now: datetime


async def set_new_password(transaction: UnitOfWork, passwords: Passwords, *, choice: Choice) -> User:
    """Give the account another password, for whoever has the link. A password that is refused doesn't use it up.

    All sessions are revoked, and what waits is void: a change of address, a first step, a set-up. Passkeys and the
    second step stay in force (ASVS 6.4.3), except where nobody had proved the address yet. Raises LinkInvalid,
    LinkUsed, InvalidPassword or TooBusy.
    """
    user, password_hash = await _accepted(transaction, passwords, tokens.RESET, choice)
    now, browser = choice.now, choice.browser
    async with transaction() as db:
        await tokens.consume(db, token=choice.token, purpose=tokens.RESET, now=now)
        if user.verified_at is None:
            await hand_over(db, user, password_hash, browser=browser, now=now)
        else:
            await _give_password(db, user, password_hash)
        await activity.note(db, user_id=user.id, kind="password_reset", browser=browser, now=now)
        await double_clicks.note(db, browser, number=user.id, now=now)
    return user


async def hand_over(db: AsyncSession, user: User, password_hash: str, *, browser: Browser, now: datetime) -> None:
    """Give an account whose address nobody had proved to whoever reads that address's mail.

    A stranger may have made it, so nothing that was there lets anybody in any more: no password, session, passkey,
    account at a provider or second step.
    """
    await _give_password(db, user, password_hash, verified_at=func.coalesce(User.verified_at, now))
    await second_step.turn_off(db, user_id=user.id, browser=browser, now=now)
    await passkeys.remove_since(db, user_id=user.id, since=None, browser=browser, now=now)
    await _forget_identities(db, user)


async def undo_email_change(transaction: UnitOfWork, passwords: Passwords, *, choice: Choice) -> tuple[User, str]:
    """Give the account back to whoever reads its former address's mail. Returns the user and that address.

    The address is what it was, the password is the one that they choose now, all sessions are revoked, what waits is
    void, a deletion that was asked for is off, and so are a second step that was set up and passkeys that were added
    since the change. The links of this change and of later ones are used up. Raises LinkInvalid, LinkUsed,
    InvalidPassword or TooBusy, and EmailTaken where the former address has become another account's.
    """
    user, password_hash = await _accepted(transaction, passwords, tokens.UNDO, choice)
    token, now, browser = choice.token, choice.now, choice.browser
    async with transaction() as db:
        email = (await tokens.look(db, token=token, purpose=tokens.UNDO, now=now)).sent_to
    async with taken.refused(transaction, email=email, error=EmailTaken, but=user.id), transaction() as db:
        consumed = await tokens.consume(db, token=token, purpose=tokens.UNDO, now=now)
        await tokens.void_undo(db, user_id=user.id, since=consumed.expires_at)
        as_before = {"email": email, "email_key": email_addresses.key(email), "verified_at": now, "delete_at": None}
        await _give_password(db, user, password_hash, **as_before)
        changed_at = consumed.expires_at - tokens.LIFETIMES[tokens.UNDO]
        await second_step.turn_off_since(db, user_id=user.id, since=changed_at, browser=browser, now=now)
        await passkeys.remove_since(db, user_id=user.id, since=changed_at, browser=browser, now=now)
        await _forget_identities(db, user, since=changed_at)
        await activity.note(db, user_id=user.id, kind="email_change_undone", browser=browser, now=now)
        await double_clicks.note(db, browser, number=user.id, now=now)
        # The note is told to the address that the account has again; who has lost it is told too.
        await outbox.queue(db, kind="email_change_undone", to=user.email, user_id=user.id, now=now, browser=browser)
    return user, email


async def _forget_identities(db: AsyncSession, user: User, *, since: datetime | None = None) -> None:
    those = [Identity.created_at >= since] if since else []
    await db.execute(delete(Identity).where(Identity.user_id == user.id, *those))


async def _accepted(transaction: UnitOfWork, passwords: Passwords, purpose: str, choice: Choice) -> tuple[User, str]:
    """Return the link's user, and the hash of the password that they choose. Uses nothing up."""
    async with transaction() as db:
        linked: Linked = await tokens.look(db, token=choice.token, purpose=purpose, now=choice.now)
    user = linked.user
    if user is None:
        raise LinkInvalid
    with passwords.place_in_line(choice.browser):
        await passwords.check_new(choice.password, context=[linked.sent_to, user.email, user.name, choice.site])
        return user, await passwords.hash(choice.password)


async def _give_password(db: AsyncSession, user: User, password_hash: str, **changed: Any) -> None:
    """Set the password and `changed`, and leave nothing in force that whoever was there before has begun."""
    values = {"password": password_hash, "password_version": User.password_version + 1, **changed}
    query = update(User).where(User.id == user.id).values(values)
    await db.execute(query.execution_options(synchronize_session=False))
    await sessions.revoke_all(db, user=user)
    await email_changes.drop(db, user_id=user.id)
    await pending_log_ins.cancel_all(db, user_id=user.id)
    await second_step.drop_unconfirmed(db, user_id=user.id)
    # Who was locked out by somebody's guesses gets in now; what was counted for their network stays.
    await throttle.clear(db, (throttle.LOG_IN_BY_ACCOUNT, email_addresses.key(values.get("email", user.email))))
    for counter in throttle.second_step_counters(user_id=user.id, device=None):
        await throttle.clear(db, counter)
    await throttle.clear(db, (throttle.SECOND_STEP_BY_ALL_DEVICES_A_DAY, str(user.id)))
