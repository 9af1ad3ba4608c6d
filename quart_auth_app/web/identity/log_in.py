"""Logging in and out, as the browser sees it: what the domain has committed is handed over as cookies."""

import asyncio

from quart import after_this_request
from quart.typing import ResponseTypes
from quart_auth import login_user, logout_user

from quart_auth_app import clock
from quart_auth_app.accounts import email_addresses
from quart_auth_app.accounts import log_in as accounts
from quart_auth_app.accounts.errors import WrongDetails
from quart_auth_app.accounts.log_in import LoggedIn
from quart_auth_app.models import User
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import CurrentUser, current_user
from quart_auth_app.web.identity.device_cookie import known_device, remember_device
from quart_auth_app.web.services import passwords, services, transaction
from quart_auth_app.web.telemetry import security_log


async def log_in_with_password(*, email: str, password: str, remember: bool) -> None:
    """Log this browser in. Raises WrongDetails, TooManyAttempts or TooBusy."""
    browser = this_browser(device=known_device(email))
    try:
        logged_in = await accounts.with_password(
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
    _hand_over(logged_in, remember=remember)


async def log_in(user: User, *, remember: bool) -> bool:
    """Log this browser in for somebody who has proved to be `user`.

    False if meanwhile the account was closed, or has another password than `user` has.
    """
    try:
        async with transaction() as db:
            logged_in = await accounts.start_session(
                db,
                user=user,
                remember=remember,
                browser=this_browser(device=known_device(user.email)),
                now=clock.now(),
            )
    except WrongDetails:
        return False
    _hand_over(logged_in, remember=remember)
    return True


async def log_out() -> None:
    """Revoke the session, in the database first and then in the browser."""
    async with transaction() as db:
        await accounts.log_out(db, user_id=current_user.id, browser=this_browser(), now=clock.now())
    security_log.write("log_out", user=current_user.id)
    logout_user()
    after_this_request(_clear_site_data)


def _hand_over(logged_in: LoggedIn, *, remember: bool) -> None:
    login_user(CurrentUser(logged_in.token), remember=remember)
    remember_device(logged_in.user.email)
    security_log.write("log_in", user=logged_in.user.id)


async def _clear_site_data(response: ResponseTypes) -> ResponseTypes:
    # Cookies stay: the device cookie is for the next log-in. Not "cache": pages are no-store anyway, and Chrome
    # takes seconds to look through what all sites have in the cache.
    response.headers["Clear-Site-Data"] = '"storage"'
    return response
