"""Logging in with a passkey, and giving a proof with it again (sudo)."""

from datetime import datetime

from sqlalchemy import case, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import log_in, sessions
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.credentials import passkey_answers, ways_in
from quart_auth_app.accounts.credentials.passkey_answers import Asking, PasskeyRefused, PasskeyUnknown
from quart_auth_app.accounts.errors import SessionRevoked, WrongDetails
from quart_auth_app.accounts.factors import passkeys
from quart_auth_app.accounts.factors.passkeys import Answer
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.log_in import LoggedIn
from quart_auth_app.accounts.sessions import Found, Renewed
from quart_auth_app.accounts.throttling import limits, throttle
from quart_auth_app.accounts.throttling.limits import Counter
from quart_auth_app.accounts.users import user_rows
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import Passkey, User

PASSKEY = "passkey"
"""The name of the method in a session's `methods`."""


async def log_in_with_passkey(
    transaction: UnitOfWork, asking: Asking, *, credential: str, remember: bool, browser: Browser, now: datetime
) -> LoggedIn:
    """Log in with a passkey alone: it counts as two factors, so there is no second step.

    Raises PasskeyRefused, PasskeyTooLate, PasskeyUnknown or TooManyAttempts.
    """
    answer, counter, passkey = await _found(transaction, asking, credential=credential, browser=browser, now=now)
    if answer.user_handle != passkey.user_handle:
        raise PasskeyRefused(reason="user handle")
    async with transaction() as db:
        await user_rows.lock(db, user_id=passkey.user_id)
        await _use(db, asking, answer, counter, passkey=passkey, browser=browser, now=now)
        user = await db.get_one(User, passkey.user_id)
        try:
            outcome = await log_in.start_session(
                db, user=user, methods=[PASSKEY], remember=remember, browser=browser, now=now
            )
        except WrongDetails:
            raise PasskeyRefused(reason="account disabled") from None
    if not isinstance(outcome, LoggedIn):
        raise TypeError("a log-in with a passkey is complete")
    return outcome


async def prove(
    transaction: UnitOfWork, asking: Asking, *, found: Found, credential: str, browser: Browser, now: datetime
) -> Renewed:
    """Check a passkey of the logged-in user, instead of password and code. Gives the session a new token.

    Raises PasskeyRefused, PasskeyTooLate, TooManyAttempts or SessionRevoked.
    """
    answer, counter, passkey = await _found(transaction, asking, credential=credential, browser=browser, now=now)
    user_id, version = found.user["id"], found.user["password_version"]
    if passkey.user_id != user_id:
        raise PasskeyRefused(reason="somebody else's")
    async with transaction() as db:
        await ways_in.hold(db, found=found)
        await _use(db, asking, answer, counter, passkey=passkey, browser=browser, now=now)
        renewed = await sessions.renew(
            db, session_id=found.session["id"], password_version=version, after=browser.token, now=now
        )
    if not renewed:
        raise SessionRevoked
    return renewed


async def _found(
    transaction: UnitOfWork, asking: Asking, *, credential: str, browser: Browser, now: datetime
) -> tuple[Answer, Counter, Passkey]:
    # Count a failure first, and refund it after a success, as for passwords.
    counter = limits.PASSKEY_BY_ADDRESS, limits.network(browser.address)
    answer = passkey_answers.read(credential)
    async with transaction() as db:
        await throttle.hit(db, counter, now=now)
        passkey = await db.scalar(select(Passkey).where(Passkey.credential_id == answer.credential_id))
    passkey_answers.check_challenge(asking, answer, asking.bound_to, now=now)
    if passkey is None:
        raise PasskeyUnknown(credential_id=passkeys.encoded(answer.credential_id))
    await passkeys.load()
    return answer, counter, passkey


async def _use(
    db: AsyncSession,
    asking: Asking,
    answer: Answer,
    counter: Counter,
    *,
    passkey: Passkey,
    browser: Browser,
    now: datetime,
) -> None:
    used = passkey_answers.refused_if_not_valid(
        lambda: passkeys.verify(asking.site, answer, public_key=passkey.public_key)
    )
    await throttle.refund(db, counter)
    await passkey_answers.spend(db, answer, now=now)
    seen = Passkey.sign_count
    changed = {
        "sign_count": case((seen < used.sign_count, used.sign_count), else_=seen),
        "backed_up": used.backed_up,
        "last_used_at": now,
    }
    query = update(Passkey).where(Passkey.id == passkey.id).values(changed).returning(Passkey.id)
    if await db.scalar(query.execution_options(synchronize_session=False)) is None:
        raise PasskeyUnknown(credential_id=passkeys.encoded(answer.credential_id))  # removed meanwhile
    # Synced passkeys don't count uses. Otherwise a counter that doesn't rise may mean a copy, or a restored backup.
    if (used.sign_count or passkey.sign_count) and used.sign_count <= passkey.sign_count:
        await activity.note(db, user_id=passkey.user_id, kind="passkey_count", browser=browser, now=now)
