"""Signing up where mail is on: a sign-up becomes an account when the mail to its address is answered.

Nothing here looks whether the address has an account. The sender of mail does, and tells the address's owner alone.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import double_clicks, outbox
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.credentials import ways_in
from quart_auth_app.accounts.fields import email_addresses, names, own_fields
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.throttling import mail_limits, throttle
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import SignUp

LASTS = timedelta(hours=24)
"""How long a sign-up waits for its mail to be answered, as long as the link does."""

NOTHING: Mapping[str, str] = {}


async def begin(
    transaction: UnitOfWork,
    passwords: Passwords,
    *,
    email: str,
    name: str,
    password: str,
    site: str,
    browser: Browser,
    now: datetime,
    own: Mapping[str, str] = NOTHING,
) -> int:
    """Keep what a stranger typed and have the address's owner asked. Return the sign-up's number.

    `own` is what was typed into the site's own fields. Of a form that this browser sends twice the first one counts,
    whose mail is under way.

    Raises TooManyAttempts, InvalidEmail, InvalidName, InvalidPassword, OwnFieldRefused or TooBusy.
    """
    async with throttle.counted_unless_busy(transaction, mail_limits.of_client(browser), now=now):
        email, name = await _accepted(transaction, email=email, name=name, own=own)
        password_hash = await passwords.hash_new(password, context=[email, name, site], browser=browser)

    return await _keep(transaction, _row(email, name, password_hash, own=own, now=now), browser=browser, now=now)


async def begin_without_password(
    transaction: UnitOfWork, *, email: str, name: str, own: Mapping[str, str], browser: Browser, now: datetime
) -> int:
    """Do the same for who has an account at a provider, and whose own account needs no password.

    Raises TooManyAttempts, InvalidEmail, InvalidName or OwnFieldRefused.
    """
    async with throttle.counted_unless_busy(transaction, mail_limits.of_client(browser), now=now):
        email, name = await _accepted(transaction, email=email, name=name, own=own)

    sign_up = _row(email, name, ways_in.NO_PASSWORD, own=own, now=now)
    return await _keep(transaction, sign_up, browser=browser, now=now)


async def _accepted(transaction: UnitOfWork, *, email: str, name: str, own: Mapping[str, str]) -> tuple[str, str]:
    email = email_addresses.validated(email)
    name = names.validated(name)
    if own:  # only to refuse them here; text keeps in the database
        values = own_fields.values(own, own_fields.on_sign_up())
        async with transaction() as db:
            await own_fields.insist_on_free(db, values=values)
    return email, name


def _row(email: str, name: str, password_hash: str, *, own: Mapping[str, str], now: datetime) -> SignUp:
    return SignUp(
        email=email,
        email_key=email_addresses.key(email),
        name=name,
        password=password_hash,
        own=dict(own),
        created_at=now,
    )


async def _keep(transaction: UnitOfWork, sign_up: SignUp, *, browser: Browser, now: datetime) -> int:
    async with transaction() as db:
        may_send = await mail_limits.may_send(db, email=sign_up.email, browser=browser, now=now)
        # Not the sign-up with the same details: its number would tell a stranger who tries passwords which is right.
        if not may_send and (first := await double_clicks.made(db, browser, now=now)):
            return first
        db.add(sign_up)
        await db.flush()
        if may_send:
            await double_clicks.store(db, browser, number=sign_up.id, now=now)
            await outbox.queue(
                db,
                kind="sign_up",
                to=sign_up.email,
                sign_up_id=sign_up.id,
                language=browser.language,
                now=now,
                lasts=outbox.LINK_LASTS,
            )
        return sign_up.id


async def email_of(db: AsyncSession, *, sign_up_id: int, now: datetime) -> str | None:
    """Return the address that a waiting sign-up gave, None if it does not wait any more."""
    query = select(SignUp.email).where(SignUp.id == sign_up_id, SignUp.created_at > now - LASTS)
    return await db.scalar(query)


def expired(now: datetime) -> ColumnElement[bool]:
    """Tell sign-ups whose mail was not answered in time from the others."""
    return SignUp.created_at <= now - LASTS
