"""Getting back in after the password was forgotten: by a link that is mailed to the account's address."""

from datetime import datetime

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import activity, email_addresses, mail_limits, outbox, sessions, throttle, tokens
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import LinkInvalid
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import User


async def ask(db: AsyncSession, *, email: str, browser: Browser, now: datetime) -> None:
    """Have a link mailed to whoever owns the address. Never looks whether it has an account: the sender does.

    Raises TooManyAttempts or InvalidEmail.
    """
    await mail_limits.count_client(db, browser=browser, now=now)
    email = email_addresses.validated(email)
    if await mail_limits.may_send(db, email=email, now=now):
        await outbox.queue(db, kind="reset", to=email, now=now, lasts=outbox.LINK_LASTS)


async def set_new_password(
    transaction: UnitOfWork,
    passwords: Passwords,
    *,
    token: str,
    password: str,
    site: str,
    browser: Browser,
    now: datetime,
) -> User:
    """Give the account another password, for whoever has the link. A password that is refused doesn't use it up.

    All sessions are revoked, and links that were mailed before are void, as the password has another version. Raises
    LinkInvalid, LinkUsed, InvalidPassword or TooBusy.
    """
    async with transaction() as db:
        user = (await tokens.look(db, token=token, purpose=tokens.RESET, now=now)).user
    if user is None:
        raise LinkInvalid
    with passwords.place_in_line():
        await passwords.check_new(password, context=[user.email, user.name, site])
        password_hash = await passwords.hash(password)
    async with transaction() as db:
        await tokens.consume(db, token=token, purpose=tokens.RESET, now=now)
        changed = {
            "password": password_hash,
            "password_version": User.password_version + 1,
            "verified_at": func.coalesce(User.verified_at, now),
        }
        query = update(User).where(User.id == user.id).values(changed)
        await db.execute(query.execution_options(synchronize_session=False))
        await sessions.revoke_all(db, user=user)
        # Who was locked out by somebody's guesses gets in now; what was counted for their network stays.
        await throttle.clear(db, (throttle.LOG_IN_BY_ACCOUNT, user.email_key))
        await activity.note(db, user_id=user.id, kind="password_reset", browser=browser, now=now)
        await outbox.queue(
            db,
            kind="password_reset",
            to=user.email,
            user_id=user.id,
            now=now,
            browser=browser.name,
            address=browser.address,
        )
    return user
