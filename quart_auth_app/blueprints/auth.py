"""Signing up, logging in, logging out."""

from quart import Blueprint, redirect, render_template, request, session, url_for
from quart.typing import ResponseReturnValue
from quart_auth import login_required

from quart_auth_app import clock
from quart_auth_app.accounts import users
from quart_auth_app.accounts.passwords.policy import MIN_LENGTH
from quart_auth_app.web.edge import same_origin
from quart_auth_app.web.edge.client import client_address
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.fields import is_checked
from quart_auth_app.web.forms.flashes import typed_before
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.identity.log_in import log_in_with_password, log_out
from quart_auth_app.web.services import passwords, services, transaction
from quart_auth_app.web.telemetry import security_log

auth = Blueprint("auth", __name__)

LOG_IN = Form("auth.login", "email", "password")
SIGN_UP = Form("auth.signup", "email", "name", "password")


@auth.get("/login")
async def login() -> ResponseReturnValue:
    """Show the log-in form."""
    if await current_user.is_authenticated:
        return redirect(url_for("main.profile"))
    return await render_template("login.html", typed=typed_before(), next=await next_page.wanted())


@auth.post("/login")
@LOG_IN.handles
async def login_post() -> ResponseReturnValue:
    """Log in, and go to the page that was asked for."""
    await log_in_with_password(**await LOG_IN.read(), remember=await is_checked("remember"))
    return redirect(await next_page.wanted() or url_for("main.profile"))


@auth.get("/signup")
async def signup() -> ResponseReturnValue:
    """Show the sign-up form."""
    if await current_user.is_authenticated:
        return redirect(url_for("main.profile"))
    return await render_template("signup.html", typed=typed_before(), min_password_length=MIN_LENGTH)


@auth.post("/signup")
@SIGN_UP.handles
async def signup_post() -> ResponseReturnValue:
    """Create the account. Logging in is the next step, and the person's own."""
    form = await SIGN_UP.read()
    site = services().settings.site
    user = await users.sign_up(transaction, passwords(), **form, site=site, address=client_address(), now=clock.now())
    security_log.write("sign_up", user=user.id)
    session["typed"] = {"email": user.email}
    return redirect(url_for("auth.login"))


@auth.route("/sign-up", methods=["GET", "POST"])
async def sign_up() -> ResponseReturnValue:
    """The tutorial's other spelling of the address; 308, so that a form sent here arrives as one."""
    return redirect(url_for("auth.signup"), 308)


@auth.route("/logout", methods=["GET", "POST"])
@login_required
async def logout() -> ResponseReturnValue:
    """End the session. Where another site may have sent the browser here, ask first."""
    if request.method != "POST" and not same_origin.is_deliberate():
        return await render_template("logout.html")
    await log_out()
    return redirect(url_for("main.index"))
