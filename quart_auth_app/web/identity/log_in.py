"""Logging in and out, as the browser sees it: what the domain has committed is handed over as cookies."""

import asyncio
from collections.abc import Sequence

from quart import after_this_request, g, url_for
from quart.typing import ResponseTypes
from quart_auth import login_user, logout_user

from quart_auth_app import clock
from quart_auth_app.accounts import email_addresses, pending_log_ins
from quart_auth_app.accounts import log_in as accounts
from quart_auth_app.accounts.errors import WrongDetails
from quart_auth_app.accounts.log_in import Outcome, SecondStepMissing
from quart_auth_app.accounts.second_step import WrongCode
from quart_auth_app.models import User
from quart_auth_app.web.identity import pending_cookie
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import CurrentUser, current_user
from quart_auth_app.web.identity.device_cookie import known_device, remember_device
from quart_auth_app.web.services import passwords, reading, services, transaction
from quart_auth_app.web.telemetry import security_log


async def log_in_with_password(*, email: str, password: str, remember: bool) -> bool:
    """Log this browser in, or let it wait for the second step. Returns whether it is logged in now.

    Raises WrongDetails, TooManyAttempts or TooBusy.
    """
    browser = this_browser(device=known_device(email))
    try:
        outcome = await accounts.with_password(
            transaction,
            passwords(),
            email=email,
            password=password,
            remember=remember,
            browser=browser,
            now=clock.now(),
        )
    except (WrongDetails, asyncio.CancelledError):  # who hangs up has made an attempt too
        security_log.write("log_in_failed", account=email_addresses.fingerprint(email))
        services().failed_log_ins.note(email=email, browser=browser)
        raise
    return _hand_over(outcome, methods=[accounts.PASSWORD])


async def log_in_with_second_step(code: str) -> None:
    """Log this browser in after its first step. Raises NoPendingLogIn, WrongCode or TooManyAttempts."""
    token, now = pending_cookie.token() or "", clock.now()
    async with reading() as db:
        email = await pending_log_ins.email(db, token=token, now=now)
    try:
        logged_in, methods = await accounts.with_second_step(
            transaction,
            services().keys,
            token=token,
            code=code,
            browser=this_browser(device=known_device(email)),
            now=now,
        )
    except (WrongCode, asyncio.CancelledError):
        security_log.write("second_step_failed")
        raise
    pending_cookie.forget()
    _hand_over(logged_in, methods=methods)


async def log_in(user: User, *, remember: bool, methods: Sequence[str] = ("site",)) -> bool:
    """Log this browser in for somebody who has proved to be `user`, by `methods` of the site's own.

    False if meanwhile the account was closed or has another password than `user` has; and if the user has a second
    step. That is asked for at the endpoint `second_step.login`, where the browser is to be sent then.
    """
    try:
        async with transaction() as db:
            outcome = await accounts.start_session(
                db,
                user=user,
                methods=methods,
                remember=remember,
                browser=this_browser(device=known_device(user.email)),
                now=clock.now(),
            )
    except WrongDetails:
        return False
    return _hand_over(outcome, methods=methods)


async def log_out() -> None:
    """Revoke the session, in the database first and then in the browser."""
    async with transaction() as db:
        await accounts.log_out(db, user_id=current_user.id, browser=this_browser(), now=clock.now())
    security_log.write("log_out", user=current_user.id)
    logout_user()
    after_this_request(_clear_site_data)


def _hand_over(outcome: Outcome, *, methods: Sequence[str]) -> bool:
    if isinstance(outcome, SecondStepMissing):
        pending_cookie.remember(outcome.token)
        security_log.write("second_step_asked", user=outcome.user.id, methods=" ".join(methods))
        return False
    login_user(CurrentUser(outcome.token), remember=outcome.remember)
    remember_device(outcome.user.email)
    security_log.write("log_in", user=outcome.user.id, methods=" ".join(methods))
    g.is_to_be_deleted = outcome.user.delete_at is not None
    return True


def landing(wanted: str | None) -> str:
    """Return where a person goes who has just logged in: to the account's page where it is to be deleted."""
    return url_for("account.overview") if g.get("is_to_be_deleted") else wanted or url_for("main.profile")


async def _clear_site_data(response: ResponseTypes) -> ResponseTypes:
    # Cookies stay: the device cookie is for the next log-in. Not "cache": pages are no-store anyway, and Chrome
    # takes seconds to look through what all sites have in the cache.
    response.headers["Clear-Site-Data"] = '"storage"'
    return response
