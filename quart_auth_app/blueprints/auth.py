"""Signing up, logging in, logging out."""

from quart import Blueprint, redirect, render_template, request, session, url_for
from quart.typing import ResponseReturnValue

from quart_auth_app import clock
from quart_auth_app.accounts import double_clicks, own_fields, sign_ups, users
from quart_auth_app.accounts.errors import EmailTaken, SignUpClosed, SignUpPending
from quart_auth_app.accounts.passwords.policy import MIN_LENGTH
from quart_auth_app.models import User
from quart_auth_app.web import signals
from quart_auth_app.web.edge import same_origin
from quart_auth_app.web.forms import cookie_check, next_page
from quart_auth_app.web.forms.fields import is_checked, read_texts
from quart_auth_app.web.forms.flashes import flash_one, form_opened, note_opening, typed_before
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.forms.second_click import know_browser
from quart_auth_app.web.identity import passkeys
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.identity.log_in import landing, log_in_with_password, log_out
from quart_auth_app.web.identity.number_cookies import SIGN_UP as SIGN_UP_COOKIE
from quart_auth_app.web.language import translated
from quart_auth_app.web.sentences import ALREADY_LOGGED_IN, SIGNED_UP, SIGNED_UP_BESIDE
from quart_auth_app.web.services import passwords, services, transaction
from quart_auth_app.web.telemetry import security_log

auth = Blueprint("auth", __name__)

LOG_IN = Form("auth.login", "email", "password", ticks=("remember",))
SIGN_UP = Form("auth.signup", "email", "name", "password", own=own_fields.on_sign_up)


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
        return await _to_check_mail(pending.sign_up_id)
    if not is_complete:
        return redirect(url_for("second_step.login", next=wanted))
    return redirect(landing(wanted))


@auth.get("/signup")
async def signup() -> ResponseReturnValue:
    """Show the sign-up form."""
    if await current_user.is_authenticated:
        await flash_one(translated(ALREADY_LOGGED_IN, name=current_user.name), "info")
        return redirect(url_for("main.profile"))
    note_opening()
    return await render_template(
        "signup.html",
        typed=typed_before(),
        min_password_length=MIN_LENGTH,
        providers=services().settings.providers,
        next=await next_page.wanted(),
        own_fields=own_fields.on_sign_up(),
    )


@auth.post("/signup")
@SIGN_UP.handles
async def signup_post() -> ResponseReturnValue:
    """Create the account. It logs nobody in: that is the person's next step."""
    if not services().settings.sign_up_open:
        raise SignUpClosed
    if services().sender:
        return await _begin_sign_up()
    user = await _sign_up(await SIGN_UP.read())
    if await current_user.is_authenticated:
        await flash_one(translated(SIGNED_UP_BESIDE, name=current_user.name), "success")
        return redirect(url_for("main.profile"))
    session["typed"] = {"email": user.email}
    await flash_one(SIGNED_UP, "success")
    return redirect(url_for("auth.login", next=await next_page.wanted()))


async def _sign_up(form: dict[str, str]) -> User:
    opened, browser, site, own = form_opened(), this_browser(), services().settings.site, await _own()
    try:
        user = await users.sign_up(
            transaction, passwords(), **form, own=own, site=site, browser=browser, now=clock.now()
        )
    except EmailTaken:
        if opened is None:
            raise
        clicked_twice = await double_clicks.signed_up_already(
            transaction, passwords(), **form, browser=browser, opened=opened, now=clock.now()
        )
        if clicked_twice is None:
            raise
        return clicked_twice
    security_log.write("sign_up", user=user.id)
    signals.announce(signals.signed_up, user=user)
    return user


async def _own() -> dict[str, str]:
    return await read_texts(own_fields.on_sign_up())


async def _begin_sign_up() -> ResponseReturnValue:
    # With mail, there is no account before the address is confirmed: blueprints/confirmation.py.
    form = await SIGN_UP.read()
    own, site = await _own(), services().settings.site
    number = await sign_ups.begin(
        transaction, passwords(), **form, own=own, site=site, browser=this_browser(), now=clock.now()
    )
    security_log.write("sign_up_asked", account=security_log.account(form["email"]))
    return await _to_check_mail(number)


async def _to_check_mail(number: int) -> ResponseReturnValue:
    SIGN_UP_COOKIE.remember(number)
    return redirect(url_for("auth.check_mail", next=await next_page.wanted()))


@auth.route("/sign-up", methods=["GET", "POST"])
async def sign_up() -> ResponseReturnValue:
    """The tutorial's other spelling of the address; 308, so that a form sent here arrives as one."""
    return redirect(url_for("auth.signup", next=next_page.allowed(request.args.get("next"))), 308)


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
