"""Signing up: the form. Where mail is on, the pages after it are in `confirmation`."""

from quart import redirect, render_template, request, session, url_for
from quart.typing import ResponseReturnValue

from quart_auth_app import clock
from quart_auth_app.accounts import double_clicks, users
from quart_auth_app.accounts.errors import EmailTaken, SignUpClosed
from quart_auth_app.accounts.fields import own_fields
from quart_auth_app.accounts.passwords.policy import MIN_LENGTH
from quart_auth_app.accounts.signing_up import sign_ups
from quart_auth_app.blueprints.auth.log_in import auth, to_check_mail
from quart_auth_app.models import User
from quart_auth_app.web import signals
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.fields import read_texts
from quart_auth_app.web.forms.flashes import flash_one, form_opened, store_opening, typed_before
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.forms.second_click import mark_forms, store_form_key, store_mark
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.language import translated
from quart_auth_app.web.sentences.outcomes import ALREADY_LOGGED_IN, SIGNED_UP, SIGNED_UP_BESIDE
from quart_auth_app.web.services import passwords, services, transaction
from quart_auth_app.web.telemetry import security_log

SIGN_UP = Form("auth.signup", "email", "name", "password", own=own_fields.on_sign_up)


@auth.get("/signup")
async def signup() -> ResponseReturnValue:
    """Show the sign-up form."""
    if await current_user.is_authenticated:
        await flash_one(translated(ALREADY_LOGGED_IN, name=current_user.name), "info")
        return redirect(url_for("main.profile"))
    store_opening()
    mark_forms()
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
    store_mark()
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
    # With mail, there is no account before the address is confirmed: confirmation.py.
    # A program that never opened the form, so that it has no mark, is known by its address and user agent.
    await store_form_key("")
    form = await SIGN_UP.read()
    own, site = await _own(), services().settings.site
    number = await sign_ups.begin(
        transaction, passwords(), **form, own=own, site=site, browser=this_browser(), now=clock.now()
    )
    security_log.write("sign_up_asked", account=security_log.account(form["email"]))
    return await to_check_mail(number)


@auth.route("/sign-up", methods=["GET", "POST"])
async def sign_up() -> ResponseReturnValue:
    """The tutorial's other spelling of the address; 308, so that a form sent here arrives as one."""
    return redirect(url_for("auth.signup", next=next_page.allowed(request.args.get("next"))), 308)
