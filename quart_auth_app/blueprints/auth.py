"""Signing up, logging in, logging out."""

from quart import Blueprint, redirect, render_template, request, session, url_for
from quart.typing import ResponseReturnValue

from quart_auth_app import clock
from quart_auth_app.accounts import users
from quart_auth_app.accounts.errors import SignUpClosed
from quart_auth_app.accounts.passwords.policy import MIN_LENGTH
from quart_auth_app.web.edge import same_origin
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.fields import is_checked
from quart_auth_app.web.forms.flashes import flash_one, typed_before
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.identity.log_in import landing, log_in_with_password, log_out
from quart_auth_app.web.sentences import ALREADY_LOGGED_IN, SIGNED_UP, SIGNED_UP_BESIDE, filled
from quart_auth_app.web.services import passwords, services, transaction
from quart_auth_app.web.telemetry import security_log

auth = Blueprint("auth", __name__)

LOG_IN = Form("auth.login", "email", "password")
SIGN_UP = Form("auth.signup", "email", "name", "password")


@auth.get("/login")
async def login() -> ResponseReturnValue:
    """Show the log-in form."""
    if await current_user.is_authenticated:
        return redirect(await next_page.wanted() or url_for("main.profile"))
    return await render_template("login.html", typed=typed_before(), next=await next_page.wanted())


@auth.post("/login")
@LOG_IN.handles
async def login_post() -> ResponseReturnValue:
    """Log in, and go to the page that was asked for."""
    wanted = await next_page.wanted()
    if not await log_in_with_password(**await LOG_IN.read(), remember=await is_checked("remember")):
        return redirect(url_for("second_step.login", next=wanted))
    return redirect(landing(wanted))


@auth.get("/signup")
async def signup() -> ResponseReturnValue:
    """Show the sign-up form."""
    if await current_user.is_authenticated:
        await flash_one(filled(ALREADY_LOGGED_IN, {"name": current_user.name}), "info")
        return redirect(url_for("main.profile"))
    return await render_template(
        "signup.html", typed=typed_before(), min_password_length=MIN_LENGTH, next=await next_page.wanted()
    )


@auth.post("/signup")
@SIGN_UP.handles
async def signup_post() -> ResponseReturnValue:
    """Create the account. Logging in is the next step, and the person's own."""
    if not services().settings.sign_up_open:
        raise SignUpClosed
    form = await SIGN_UP.read()
    site = services().settings.site
    user = await users.sign_up(transaction, passwords(), **form, site=site, browser=this_browser(), now=clock.now())
    security_log.write("sign_up", user=user.id)
    if await current_user.is_authenticated:
        await flash_one(filled(SIGNED_UP_BESIDE, {"name": current_user.name}), "success")
        return redirect(url_for("main.profile"))
    session["typed"] = {"email": user.email}
    await flash_one(SIGNED_UP, "success")
    return redirect(url_for("auth.login", next=await next_page.wanted()))


@auth.route("/sign-up", methods=["GET", "POST"])
async def sign_up() -> ResponseReturnValue:
    """The tutorial's other spelling of the address; 308, so that a form sent here arrives as one."""
    return redirect(url_for("auth.signup", next=next_page.allowed(request.args.get("next"))), 308)


@auth.route("/logout", methods=["GET", "POST"])
async def logout() -> ResponseReturnValue:
    """End the session. Where another site may have sent the browser here, ask first. Nothing is left to do twice."""
    if not await current_user.is_authenticated:
        return redirect(url_for("main.index"))
    if request.method != "POST" and not same_origin.is_deliberate():
        return await render_template("logout.html")
    await log_out()
    return redirect(url_for("main.index"))
