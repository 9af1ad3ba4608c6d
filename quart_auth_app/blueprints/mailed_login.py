"""Logging in by mail. These pages are 404 unless MAILED_LOGIN is `yes`."""

from collections.abc import Awaitable

from quart import Blueprint, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from quart_auth_app import clock
from quart_auth_app.accounts import tokens
from quart_auth_app.accounts.errors import LinkInvalid, LinkUsed
from quart_auth_app.accounts.log_in import NO_SESSION, Outcome
from quart_auth_app.accounts.logging_in import mailed_log_in as accounts
from quart_auth_app.accounts.logging_in.mailed_log_in import WrongLogInCode
from quart_auth_app.accounts.mailed_codes import LOG_IN_LENGTH
from quart_auth_app.blueprints.mailed_links import link_page, only_if
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.fields import is_checked
from quart_auth_app.web.forms.flashes import typed_before
from quart_auth_app.web.forms.link_form import LinkForm
from quart_auth_app.web.forms.once_form import OnceForm
from quart_auth_app.web.forms.second_click import mark_forms
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.identity.log_in import hand_over, landing
from quart_auth_app.web.identity.number_cookies import MAILED_LOG_IN
from quart_auth_app.web.services import passwords, reading, services, transaction
from quart_auth_app.web.telemetry import security_log

mailed_login = Blueprint("mailed_login", __name__)

ASK = OnceForm("auth.login", "email", ticks=("remember",))
CODE = OnceForm("mailed_login.check_mail", "code")
LINK = LinkForm("mailed_login.link", "token", ticks=("remember",))


only_where_switched_on = only_if(lambda: services().settings.mailed_login)


@mailed_login.post("/login/mail")
@only_where_switched_on
@ASK.handles
async def mail_post() -> ResponseReturnValue:
    """Have a link and a code mailed. The page that follows is the same whether or not the address has an account."""
    form, remember = await ASK.read(), await is_checked("remember")
    async with transaction() as db:
        number = await accounts.ask(db, **form, remember=remember, browser=this_browser(), now=clock.now())
    security_log.write("mailed_log_in_asked", account=security_log.account(form["email"]))
    MAILED_LOG_IN.remember(number)
    return redirect(url_for("mailed_login.check_mail", next=await next_page.wanted()))


@mailed_login.get("/login/check-mail")
@only_where_switched_on
async def check_mail() -> ResponseReturnValue:
    """Wait for the code that was mailed."""
    mark_forms()
    wanted, number = await next_page.wanted(), MAILED_LOG_IN.own()
    async with reading() as db:
        email = await accounts.email_of(db, number=number, now=clock.now()) if number else None
    if email is None:
        return redirect(url_for("auth.login", next=wanted))
    return await render_template(
        "mailed_login/check_mail.html", email=email, length=LOG_IN_LENGTH, typed=typed_before(), next=wanted
    )


@mailed_login.post("/login/code")
@only_where_switched_on
@CODE.handles
async def code_post() -> ResponseReturnValue:
    """Log in with the code that was mailed for this browser, and go to the page that was asked for."""
    form, number, browser = await CODE.read(), MAILED_LOG_IN.own() or 0, this_browser()
    return await _log_in(
        accounts.by_code(transaction, passwords(), number=number, **form, browser=browser, now=clock.now())
    )


@CODE.again
async def code_again(session_id: int) -> ResponseReturnValue | None:
    """Redirect the second click to where the first one went. Only a browser with the first answer's cookies gets in."""
    is_complete = session_id != NO_SESSION
    return await _go_on(is_complete) if not is_complete or await current_user.is_authenticated else None


@mailed_login.get("/login/link")
@only_where_switched_on
@link_page("Ask for a new link", lambda: url_for("auth.login"))
async def link(token: str) -> ResponseReturnValue:
    """Show who would be logged in. Opening the page neither consumes the token nor logs anybody in."""
    async with reading() as db:
        linked = await tokens.look(db, token=token, purpose=tokens.LOG_IN, now=clock.now())
    other = current_user.email if await current_user.is_authenticated else None
    return await render_template(
        "mailed_login/link.html",
        email=linked.sent_to,
        other=None if other == linked.sent_to else other,
        token=token,
        typed=typed_before(),
    )


@mailed_login.post("/login/link")
@only_where_switched_on
@LINK.handles
async def link_post() -> ResponseReturnValue:
    """Log this browser in, by the link."""
    form, remember, browser = await LINK.read(), await is_checked("remember"), this_browser()
    return await _log_in(accounts.by_link(transaction, **form, remember=remember, browser=browser, now=clock.now()))


async def _log_in(attempt: Awaitable[Outcome]) -> ResponseReturnValue:
    try:
        outcome = await attempt
    except (WrongLogInCode, LinkInvalid, LinkUsed) as error:
        security_log.write("mailed_log_in_failed", reason=error.code)
        raise
    return await _go_on(await hand_over(outcome, methods=[accounts.MAIL]))


async def _go_on(is_complete: bool) -> ResponseReturnValue:
    MAILED_LOG_IN.forget()
    wanted = await next_page.wanted()
    return redirect(landing(wanted) if is_complete else url_for("second_step.login", next=wanted))
