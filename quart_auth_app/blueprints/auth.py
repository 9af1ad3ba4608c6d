"""Signing up, logging in, logging out."""

from quart import Blueprint, redirect, render_template, request, session, url_for
from quart.typing import ResponseReturnValue
from quart_auth import current_user, login_required

from quart_auth_app.accounts import passwords, users
from quart_auth_app.web import next_page
from quart_auth_app.web.current import log_in, log_out
from quart_auth_app.web.forms import read_form, refuse, typed_before, wanted_page
from quart_auth_app.web.services import hasher, reading, transaction

auth = Blueprint("auth", __name__)


@auth.get("/login")
async def login() -> ResponseReturnValue:
    """Show the log-in form."""
    if await current_user.is_authenticated:
        return redirect(url_for("main.profile"))
    return await render_template("login.html", typed=typed_before(), next=next_page.safe(request.args.get("next")))


@auth.post("/login")
async def login_post() -> ResponseReturnValue:
    """Log in, and go to the page that was asked for."""
    form = await read_form("email", "password")
    user = await users.authenticate(reading, hasher(), **form)
    if user is None:
        return await refuse("Please check your login details and try again.")
    await log_in(user, remember=bool((await request.form).get("remember")))
    return redirect(await wanted_page() or url_for("main.profile"))


@auth.get("/signup")
async def signup() -> ResponseReturnValue:
    """Show the sign-up form."""
    if await current_user.is_authenticated:
        return redirect(url_for("main.profile"))
    return await render_template("signup.html", typed=typed_before(), min_password_length=passwords.MIN_LENGTH)


@auth.post("/signup")
async def signup_post() -> ResponseReturnValue:
    """Create the account. Logging in is the next step, and the person's own."""
    form = await read_form("email", "name", "password")
    user = await users.sign_up(transaction, hasher(), **form)
    session["typed"] = {"email": user.email}
    return redirect(url_for("auth.login"))


@auth.route("/sign-up", methods=["GET", "POST"])
async def sign_up() -> ResponseReturnValue:
    """The tutorial's other spelling of the address; 308, so that a form sent here arrives as one."""
    return redirect(url_for("auth.signup"), 308)


@auth.route("/logout", methods=["GET", "POST"])
@login_required
async def logout() -> ResponseReturnValue:
    """End the session."""
    await log_out()
    return redirect(url_for("main.index"))
