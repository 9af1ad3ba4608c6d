"""The second step: asked for at log-in."""

from quart import Blueprint, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from quart_auth_app import clock
from quart_auth_app.accounts import pending_log_ins
from quart_auth_app.accounts.pending_log_ins import NoPendingLogIn
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.flashes import flash_one
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.identity import pending_cookie
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.identity.log_in import landing, log_in_with_second_step
from quart_auth_app.web.sentences import sentence
from quart_auth_app.web.services import reading

second_step = Blueprint("second_step", __name__)

LOG_IN = Form("second_step.login", "code")


@second_step.get("/login/second-step")
async def login() -> ResponseReturnValue:
    """Ask for a code, after the first step."""
    wanted = await next_page.wanted()
    if await current_user.is_authenticated:
        return redirect(wanted or url_for("main.profile"))
    try:
        async with reading() as db:
            await pending_log_ins.email(db, token=pending_cookie.token() or "", now=clock.now())
    except NoPendingLogIn as error:
        return await _begin_again(error)
    return await render_template("second_step/login.html", next=wanted)


@second_step.post("/login/second-step")
@LOG_IN.handles
async def login_post() -> ResponseReturnValue:
    """Log in with the code, and go to the page that was asked for."""
    wanted = await next_page.wanted()
    try:
        await log_in_with_second_step(**await LOG_IN.read())
    except NoPendingLogIn as error:
        return await _begin_again(error)
    return redirect(landing(wanted))


async def _begin_again(error: NoPendingLogIn) -> ResponseReturnValue:
    await flash_one(sentence(error))
    return redirect(url_for("auth.login", next=await next_page.wanted()))
