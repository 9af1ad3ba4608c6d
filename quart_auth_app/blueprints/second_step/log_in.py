"""The second step at log-in: asks for a code."""

from quart import Blueprint, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from quart_auth_app import clock
from quart_auth_app.accounts.credentials.second_step import WrongCode
from quart_auth_app.accounts.logging_in import pending_log_ins, second_step_log_in
from quart_auth_app.accounts.logging_in.pending_log_ins import NoPendingLogIn
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.flashes import flash_one, typed_before
from quart_auth_app.web.forms.once_form import OnceForm
from quart_auth_app.web.forms.second_click import mark_forms
from quart_auth_app.web.identity import pending_cookie
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.identity.log_in import hand_over
from quart_auth_app.web.sentences import sentence
from quart_auth_app.web.services import reading, services, transaction
from quart_auth_app.web.telemetry import security_log

second_step = Blueprint("second_step", __name__)

LOG_IN = OnceForm("second_step.login", "code", sender=pending_cookie.token)


@second_step.get("/login/second-step")
async def login() -> ResponseReturnValue:
    """Ask for a code, after the first step."""
    mark_forms()
    wanted = await next_page.wanted()
    try:
        async with reading() as db:
            await pending_log_ins.email(db, token=pending_cookie.token(), now=clock.now())
    except NoPendingLogIn as error:
        if await current_user.is_authenticated:
            return redirect(wanted or url_for("main.profile"))
        return await _begin_again(error)
    return await render_template("second_step/login.html", typed=typed_before(), next=wanted)


@second_step.post("/login/second-step")
@LOG_IN.handles
async def login_post() -> ResponseReturnValue:
    """Log in with the code, and go to the page that was asked for."""
    wanted = await next_page.wanted()
    try:
        await _log_in(**await LOG_IN.read())
    except NoPendingLogIn as error:
        if answer := await LOG_IN.answered_again():
            return answer
        # The first click has logged this browser in already, and has deleted the cookie.
        if not pending_cookie.token() and await current_user.is_authenticated:
            return redirect(wanted or url_for("main.profile"))
        return await _begin_again(error)
    return redirect(wanted or url_for("main.profile"))


async def _log_in(code: str) -> None:
    """Log this browser in after its first step. Raises NoPendingLogIn, WrongCode or TooManyAttempts."""
    token, browser = pending_cookie.token(), this_browser()
    try:
        logged_in, methods = await second_step_log_in.with_second_step(
            transaction, services().keys, token=token, code=code, browser=browser, now=clock.now()
        )
    except WrongCode:
        security_log.write("second_step_failed")
        raise
    pending_cookie.forget()
    await hand_over(logged_in, methods=methods)


@LOG_IN.again
async def login_again(_session_id: int) -> ResponseReturnValue | None:
    """Give the second click the session that the first one has started. Both were sent with the same pending log-in."""
    token, browser = pending_cookie.token(), this_browser()
    async with transaction() as db:
        outcome = await second_step_log_in.again(db, token=token, browser=browser, now=clock.now())
    if outcome is None or not await hand_over(outcome, methods=[]):
        return None
    pending_cookie.forget()
    return redirect(await next_page.wanted() or url_for("main.profile"))


async def _begin_again(error: NoPendingLogIn) -> ResponseReturnValue:
    await flash_one(sentence(error), error.code)
    return redirect(url_for("auth.login", next=await next_page.wanted()))
