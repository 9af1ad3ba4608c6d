"""Logging in and out."""

from quart import Blueprint, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from quart_auth_app.accounts.errors import SignUpPending
from quart_auth_app.web.edge import same_origin
from quart_auth_app.web.forms import cookie_check, next_page
from quart_auth_app.web.forms.fields import is_checked
from quart_auth_app.web.forms.flashes import typed_before
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.forms.second_click import know_browser
from quart_auth_app.web.identity import passkeys
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.identity.log_in import landing, log_in_with_password
from quart_auth_app.web.identity.log_out import log_out
from quart_auth_app.web.identity.number_cookies import SIGN_UP as SIGN_UP_COOKIE
from quart_auth_app.web.services import services

auth = Blueprint("auth", __name__)

# A refusal, such as WrongDetails, leads back to the page of this endpoint, with its sentence above the form.
LOG_IN = Form("auth.login", "email", "password", ticks=("remember",))


@auth.get("/login")
async def login() -> ResponseReturnValue:
    """Show the log-in form."""
    if await current_user.is_authenticated:
        return redirect(await next_page.wanted() or url_for("main.profile"))
    if services().settings.mailed_login:
        know_browser()
    return await render_template(
        "login.html",
        typed=typed_before(),
        next=await next_page.wanted(),
        options=passkeys.log_in_options(),
        providers=services().settings.providers,
        signals=passkeys.signals(),
    )


@auth.post("/login")
@LOG_IN.handles
async def login_post() -> ResponseReturnValue:
    """Log in, and go to the page that was asked for."""
    wanted = await next_page.wanted()
    try:
        is_complete = await log_in_with_password(**await LOG_IN.read(), remember=await is_checked("remember"))
    except SignUpPending as pending:
        return await to_check_mail(pending.sign_up_id)
    if not is_complete:
        return redirect(url_for("second_step.login", next=wanted))
    return redirect(landing(wanted))


async def to_check_mail(number: int) -> ResponseReturnValue:
    """Redirect to the page that waits for the code in the mail; this browser keeps the number of its sign-up."""
    SIGN_UP_COOKIE.remember(number)
    return redirect(url_for("auth.check_mail", next=await next_page.wanted()))


@auth.get("/cookies")
async def cookies() -> ResponseReturnValue:
    """Check whether the browser keeps cookies, after a form without any, and go on to the next page."""
    return await cookie_check.go_on()


@auth.route("/logout", methods=["GET", "POST"])
async def logout() -> ResponseReturnValue:
    """Revoke the session. If another site may have sent the browser here, ask first. A second click changes nothing."""
    if not await current_user.is_authenticated:
        return redirect(url_for("main.index"))
    if request.method != "POST" and not same_origin.is_deliberate():
        return await render_template("logout.html")
    await log_out()
    return redirect(url_for("main.index"))
