"""Accounts at providers: connecting one, disconnecting it, and giving a proof by it again (sudo).

Issuer and subject together identify a person. An address never does: somebody who can put another person's address into
an account elsewhere would get in here.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import double_clicks, sessions
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.credentials import identity_rows, ways_in
from quart_auth_app.accounts.errors import AccountError, SessionRevoked, TooManyAttempts
from quart_auth_app.accounts.factors.identities import Proven
from quart_auth_app.accounts.factors.provider_attempts import LASTS, Attempt
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.provider_errors import AttemptTooLate, ProviderRefused
from quart_auth_app.accounts.sessions import Found, Renewed
from quart_auth_app.accounts.throttling import limits, throttle
from quart_auth_app.accounts.throttling.limits import Limit
from quart_auth_app.accounts.throttling.refusals import Refusals
from quart_auth_app.accounts.users import user_rows
from quart_auth_app.database.units_of_work import Database, UnitOfWork
from quart_auth_app.models import Identity
from quart_auth_app.settings.providers import ProviderSettings

_SPENT = Limit("provider attempt", 1, LASTS)
"""Each attempt may come back once."""


class IdentityTaken(AccountError):
    """The account at the provider is connected to another account here."""


class ProviderConnected(AccountError):
    """Another account at this provider is connected already."""


class NoSuchIdentity(AccountError):
    """No account at this provider is connected, or not any more."""


async def own(db: AsyncSession, *, user_id: int) -> Sequence[Identity]:
    """Return the user's accounts at providers, oldest first."""
    return (await db.scalars(select(Identity).where(Identity.user_id == user_id).order_by(Identity.id))).all()


async def count(database: Database, refusals: Refusals, *, attempt: Attempt, browser: Browser, now: datetime) -> None:
    """Mark the attempt as used and count it, before the provider is asked. Raises AttemptTooLate or TooManyAttempts."""
    await refusals.count(database, (limits.PROVIDER_BY_ADDRESS, limits.network(browser.address)), now=now)
    try:
        # One statement, so that only one of several requests with this answer succeeds.
        async with database.transaction() as db:
            await throttle.hit(db, (_SPENT, attempt.state), now=now)
    except TooManyAttempts:
        raise AttemptTooLate(reason="used") from None


async def connect(
    transaction: UnitOfWork,
    *,
    user_id: int,
    found: Found | None,
    proven: Proven,
    provider: ProviderSettings,
    browser: Browser,
    now: datetime,
) -> None:
    """Let the user also log in by this account at a provider.

    `found` is the session that asks for it, None for an account that was just made. Raises IdentityTaken,
    ProviderConnected or SessionRevoked.
    """
    try:
        async with transaction() as db:
            await (ways_in.hold(db, found=found) if found else user_rows.lock(db, user_id=user_id))
            owner = await identity_rows.owner(db, proven)
            if owner == user_id:
                return  # a second click
            if owner is not None:
                raise IdentityTaken(label=provider.label)
            db.add(identity_rows.new(user_id, proven, now=now))
            await db.flush()
            await throttle.refund(db, (limits.PROVIDER_BY_ADDRESS, limits.network(browser.address)))
            await activity.note(db, user_id=user_id, kind="provider_connected", browser=browser, now=now)
    except IntegrityError:
        async with transaction() as db:
            if await identity_rows.owner(db, proven) not in {None, user_id}:
                raise IdentityTaken(label=provider.label) from None
        raise ProviderConnected(label=provider.label) from None


async def disconnect(
    db: AsyncSession, *, found: Found, provider: ProviderSettings, browser: Browser, now: datetime
) -> None:
    """Disconnect the user's account at the provider. Raises NoSuchIdentity, LastWayIn or SessionRevoked."""
    user_id = found.user["id"]
    await ways_in.hold(db, found=found)
    await ways_in.insist_on_another(db, user_id=user_id, than_issuer=provider.issuer)
    query = delete(Identity).where(Identity.user_id == user_id, Identity.issuer == provider.issuer)
    if await db.scalar(query.returning(Identity.id)) is None:
        raise NoSuchIdentity(label=provider.label)
    await activity.note(db, user_id=user_id, kind="provider_disconnected", browser=browser, now=now)
    await double_clicks.store(db, browser, number=user_id, now=now)


async def prove(
    transaction: UnitOfWork,
    *,
    found: Found,
    proven: Proven,
    provider: ProviderSettings,
    browser: Browser,
    now: datetime,
) -> Renewed:
    """Accept a fresh log-in at the provider as a proof of the logged-in user. Renews the session.

    Raises ProviderRefused if the account there is not connected to this user, and SessionRevoked.
    """
    user_id, version = found.user["id"], found.user["password_version"]
    async with transaction() as db:
        await ways_in.hold(db, found=found)
        if await identity_rows.owner(db, proven) != user_id:
            raise ProviderRefused(reason="somebody else's", label=provider.label)
        await identity_rows.use(db, proven, now=now)
        await throttle.refund(db, (limits.PROVIDER_BY_ADDRESS, limits.network(browser.address)))
        renewed = await sessions.renew(
            db, session_id=found.session["id"], password_version=version, after=browser.token, now=now
        )
    if not renewed:
        raise SessionRevoked
    return renewed
