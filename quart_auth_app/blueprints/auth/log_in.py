"""Logging in and out."""

from quart import Blueprint, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from quart_auth_app import clock
from quart_auth_app.accounts.errors import SignUpPending, WrongDetails
from quart_auth_app.accounts.logging_in import password_log_in
from quart_auth_app.web import signals
from quart_auth_app.web.edge import same_origin
from quart_auth_app.web.forms import cookie_check, next_page
from quart_auth_app.web.forms.fields import is_checked
from quart_auth_app.web.forms.flashes import typed_before
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.forms.second_click import mark_forms
from quart_auth_app.web.identity import passkeys
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.identity.log_in import hand_over, landing
from quart_auth_app.web.identity.log_out import log_out
from quart_auth_app.web.identity.number_cookies import SIGN_UP as SIGN_UP_COOKIE
from quart_auth_app.web.services import services
from quart_auth_app.web.telemetry import security_log

auth = Blueprint("auth", __name__)

# A refusal, such as WrongDetails, redirects to this endpoint's page, which shows the sentence for it from
# `web/sentences/` above the form, and in the form the address that was typed.
LOG_IN = Form("auth.login", "email", "password", ticks=("remember",))


@auth.get("/login")
async def login() -> ResponseReturnValue:
    """Show the log-in form."""
    if await current_user.is_authenticated:
        return redirect(await next_page.wanted() or url_for("main.profile"))
    if services().settings.mailed_login:
        mark_forms()
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
    """Log in, and go to the page that was asked for, or to the one that asks for the second step."""
    ours, browser, wanted, details = services(), this_browser(), await next_page.wanted(), await LOG_IN.read()
    remember = await is_checked("remember")
    try:
        outcome = await password_log_in.with_password(
            ours.database, ours.passwords, ours.refusals, **details, remember=remember, browser=browser, now=clock.now()
        )
    except (WrongDetails, SignUpPending) as failure:  # both stay counted
        _report_failure(details["email"])
        if isinstance(failure, SignUpPending):
            return await to_check_mail(failure.sign_up_id)
        raise
    is_complete = await hand_over(outcome, methods=[password_log_in.PASSWORD])
    return redirect(landing(wanted) if is_complete else url_for("second_step.login", next=wanted))


def _report_failure(email: str) -> None:
    """Tell the operator's log, the owner's activity, which is written every hour, and the site's own code."""
    security_log.write("log_in_failed", account=security_log.account(email))
    services().failed_log_ins.count(email=email, browser=this_browser())
    signals.announce(signals.log_in_failed, email=email)


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
