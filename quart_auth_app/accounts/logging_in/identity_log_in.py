"""Logging in with an account at a provider."""

from collections.abc import Mapping
from datetime import datetime

from quart_auth_app.accounts import log_in
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.credentials import identity_rows
from quart_auth_app.accounts.errors import WrongDetails
from quart_auth_app.accounts.factors.identities import Proven
from quart_auth_app.accounts.log_in import Outcome
from quart_auth_app.accounts.provider_errors import ProviderRefused
from quart_auth_app.accounts.signing_up import identity_sign_ups
from quart_auth_app.accounts.throttling import limits, throttle
from quart_auth_app.accounts.users import user_rows
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import User
from quart_auth_app.settings.providers import ProviderSettings


def method(provider: ProviderSettings) -> str:
    """Return the name of the method, in a session's `methods`, for a log-in by this provider."""
    return f"oidc:{provider.name}"


async def log_in_with_identity(
    transaction: UnitOfWork,
    *,
    proven: Proven,
    provider: ProviderSettings,
    may_sign_up: bool,
    remember: bool,
    browser: Browser,
    now: datetime,
    own: Mapping[str, str] | None = None,
    name: str | None = None,
) -> tuple[Outcome, bool]:
    """Log in the person whom the provider has proven. Returns the outcome, and whether an account was made.

    For a new account, `own` has the values typed into the site's own fields, None before they were asked for, and
    `name` the typed name. Raises ProviderRefused, or what `identity_sign_ups.become_known` raises.
    """
    async with transaction() as db:
        is_known = await identity_rows.owner(db, proven) is not None
    is_new = not is_known and await identity_sign_ups.become_known(
        transaction,
        proven=proven,
        provider=provider,
        may_sign_up=may_sign_up,
        own=own,
        name=name,
        browser=browser,
        now=now,
    )
    async with transaction() as db:
        await user_rows.lock(db, user_id=await identity_rows.owner(db, proven) or 0)
        user_id = await identity_rows.use(db, proven, now=now)
        if user_id is None:
            raise ProviderRefused(reason="disconnected in this very moment", label=provider.label)
        await throttle.refund(db, (limits.PROVIDER_BY_ADDRESS, limits.network(browser.address)))
        user = await db.get_one(User, user_id)
        try:
            outcome = await log_in.start_session(
                db, user=user, methods=[method(provider)], remember=remember, browser=browser, now=now
            )
        except WrongDetails:
            raise ProviderRefused(reason="account disabled", label=provider.label) from None
    return outcome, is_new
