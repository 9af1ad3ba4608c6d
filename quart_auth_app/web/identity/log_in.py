"""Logging in on the web side: calls the domain and, after its commit, sets the cookies."""

from collections.abc import Awaitable, Sequence

from quart import g, url_for
from quart_auth import login_user

from quart_auth_app import clock
from quart_auth_app.accounts import log_in as accounts
from quart_auth_app.accounts import mailed_log_in, password_log_in, second_step_log_in, sessions
from quart_auth_app.accounts.errors import LinkInvalid, LinkUsed, SignUpPending, WrongDetails
from quart_auth_app.accounts.log_in import Outcome, SecondStepMissing
from quart_auth_app.accounts.mailed_log_in import WrongLogInCode
from quart_auth_app.accounts.second_step import WrongCode
from quart_auth_app.models import User
from quart_auth_app.web import signals
from quart_auth_app.web.edge.to_the_end import to_the_end
from quart_auth_app.web.forms.flashes import flash_one
from quart_auth_app.web.identity import pending_cookie
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import CurrentUser
from quart_auth_app.web.identity.device_cookie import remember_device
from quart_auth_app.web.language import translated
from quart_auth_app.web.sentences import TOO_MANY_SESSIONS
from quart_auth_app.web.services import passwords, services, transaction
from quart_auth_app.web.telemetry import security_log


async def log_in_with_password(*, email: str, password: str, remember: bool) -> bool:
    """Log this browser in, or let it wait for the second step. Returns whether it is logged in now.

    Raises WrongDetails, SignUpPending, TooManyAttempts or TooBusy.
    """
    browser = this_browser()
    try:
        outcome = await password_log_in.with_password(
            services().database,
            passwords(),
            services().refusals,
            email=email,
            password=password,
            remember=remember,
            browser=browser,
            now=clock.now(),
        )
    except (WrongDetails, SignUpPending):  # both stay counted
        security_log.write("log_in_failed", account=security_log.account(email))
        services().failed_log_ins.count(email=email, browser=browser)
        signals.announce(signals.log_in_failed, email=email)
        raise
    return await hand_over(outcome, methods=[password_log_in.PASSWORD])


async def log_in_with_mailed_code(*, number: int, code: str) -> bool:
    """Log this browser in, or let it wait for the second step. Returns whether it is logged in now.

    Raises WrongLogInCode, TooManyAttempts or TooBusy.
    """
    return await _log_in_by_mail(
        mailed_log_in.by_code(
            transaction, passwords(), number=number, code=code, browser=this_browser(), now=clock.now()
        )
    )


async def log_in_with_mailed_link(*, token: str, remember: bool) -> bool:
    """Log this browser in, or let it wait for the second step. Returns whether it is logged in now.

    Raises LinkInvalid, LinkUsed or TooManyAttempts.
    """
    return await _log_in_by_mail(
        mailed_log_in.by_link(transaction, token=token, remember=remember, browser=this_browser(), now=clock.now())
    )


async def _log_in_by_mail(attempt: Awaitable[Outcome]) -> bool:
    try:
        outcome = await attempt
    except (WrongLogInCode, LinkInvalid, LinkUsed) as error:
        security_log.write("mailed_log_in_failed", reason=error.code)
        raise
    return await hand_over(outcome, methods=[mailed_log_in.MAIL])


async def log_in_with_second_step(code: str) -> None:
    """Log this browser in after its first step. Raises NoPendingLogIn, WrongCode or TooManyAttempts."""
    try:
        logged_in, methods = await second_step_log_in.with_second_step(
            transaction,
            services().keys,
            token=pending_cookie.token(),
            code=code,
            browser=this_browser(),
            now=clock.now(),
        )
    except WrongCode:
        security_log.write("second_step_failed")
        raise
    pending_cookie.forget()
    await hand_over(logged_in, methods=methods)


async def second_step_again() -> bool:
    """Give the browser the session that the first click on the second step's form has started, if there is one.

    Returns whether it is logged in now.
    """
    async with transaction() as db:
        outcome = await second_step_log_in.again(
            db, token=pending_cookie.token(), browser=this_browser(), now=clock.now()
        )
    return outcome is not None and await hand_over(outcome, methods=[])


@to_the_end
async def log_in(user: User, *, remember: bool = False, methods: Sequence[str] = ("site",)) -> bool:
    """Log this browser in for `user`, after the site has checked who it is by its own `methods`.

    Returns False if the account has been disabled or its password changed since `user` was read. Also False if the user
    has a second step: then redirect to the endpoint `second_step.login`, which asks for it.
    """
    try:
        async with transaction() as db:
            outcome = await accounts.start_session(
                db,
                user=user,
                methods=methods,
                remember=remember,
                browser=this_browser(),
                now=clock.now(),
            )
    except WrongDetails:
        return False
    return await hand_over(outcome, methods=methods)


async def hand_over(outcome: Outcome, *, methods: Sequence[str]) -> bool:
    """Set the cookies for what the domain has committed. Returns whether the browser is logged in now."""
    if isinstance(outcome, SecondStepMissing):
        pending_cookie.remember(outcome.token)
        security_log.write("second_step_asked", user=outcome.user.id, methods=" ".join(methods))
        return False
    login_user(CurrentUser(outcome.token), remember=outcome.remember)
    remember_device(outcome.user)
    g.is_to_be_deleted = outcome.user.delete_at is not None
    if outcome.is_again:
        return True
    security_log.write("log_in", user=outcome.user.id, methods=" ".join(methods))
    if outcome.ended:
        security_log.write("sessions_revoked", user=outcome.user.id)
        await flash_one(translated(TOO_MANY_SESSIONS, number=sessions.MAX_FOR_ONE))
    signals.announce(signals.logged_in, user=outcome.user)
    return True


def landing(wanted: str | None) -> str:
    """Return the page to show after a log-in: `wanted`, or the account's page if the account is to be deleted."""
    return url_for("account.overview") if g.get("is_to_be_deleted") else wanted or url_for("main.profile")
