"""Signing up with mail: the pages after the form."""

from functools import wraps

from quart import Response, abort, redirect, render_template, session, url_for
from quart.typing import ResponseReturnValue
from sqlalchemy import select

from quart_auth_app import clock
from quart_auth_app.accounts import identities, sign_up_confirmations, sign_ups, tokens
from quart_auth_app.accounts.email_addresses import key
from quart_auth_app.accounts.errors import AlreadyConfirmed, LinkInvalid, LinkUsed
from quart_auth_app.accounts.own_field import OwnFieldTaken
from quart_auth_app.accounts.ways_in import NO_PASSWORD
from quart_auth_app.blueprints.auth.log_in import auth
from quart_auth_app.blueprints.auth.sign_up import SIGN_UP as SIGN_UP_FORM
from quart_auth_app.models import User
from quart_auth_app.web import signals
from quart_auth_app.web.edge.asking import wants_json
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.flashes import flash_one, typed_before
from quart_auth_app.web.forms.form import Form, View
from quart_auth_app.web.forms.link_form import LinkForm, link_token
from quart_auth_app.web.forms.second_click import know_browser
from quart_auth_app.web.identity import kept_proofs
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.kept_proofs import Kept
from quart_auth_app.web.identity.number_cookies import SIGN_UP
from quart_auth_app.web.language import translated
from quart_auth_app.web.refusals import refusal, status_of
from quart_auth_app.web.sentences import SIGNED_UP, sentence
from quart_auth_app.web.services import passwords, reading, services, transaction
from quart_auth_app.web.telemetry import security_log

CODE = Form("auth.check_mail", "code", once=True)
CONFIRM = LinkForm("auth.confirm", "token", optional=("password",), once=True)


def only_with_mail(view: View[...]) -> View[...]:
    """Decorate a route: it answers 404 if no mail is sent."""

    @wraps(view)
    async def handler(*arguments: object, **named: object) -> ResponseReturnValue:
        if services().sender is None:
            abort(404)
        return await view(*arguments, **named)

    return handler


@auth.get("/signup/check-mail")
@only_with_mail
async def check_mail() -> ResponseReturnValue:
    """Wait for the code that was mailed. The page is the same whether or not the address has an account."""
    know_browser()
    number = SIGN_UP.own()
    async with reading() as db:
        email = await sign_ups.email_of(db, sign_up_id=number, now=clock.now()) if number else None
    if email is None:
        return redirect(url_for("auth.signup"))
    return await render_template("check_mail.html", email=email, typed=typed_before(), next=await next_page.wanted())


@auth.post("/signup/code")
@only_with_mail
@CODE.handles
async def signup_code() -> ResponseReturnValue:
    """Make the account, if the mailed code is right."""
    try:
        user = await sign_up_confirmations.confirm_by_code(
            transaction,
            passwords(),
            sign_up_id=SIGN_UP.own() or 0,
            **await CODE.read(),
            browser=this_browser(),
            now=clock.now(),
        )
    except OwnFieldTaken as error:  # another account took the value meanwhile, and this page has no field to change it
        return await SIGN_UP_FORM.refuse(error)
    return await _signed_up(user)


@auth.get("/confirm")
@only_with_mail
async def confirm() -> ResponseReturnValue:
    """Show which address will be confirmed. Opening the page doesn't consume the token."""
    know_browser()
    token = await link_token()
    try:
        async with reading() as db:
            linked = await tokens.look(db, token=token, purpose=tokens.CONFIRM, now=clock.now())
    except (LinkInvalid, LinkUsed) as error:
        return await link_is_over(error, again=url_for("auth.signup"), words="Sign up again")
    own = linked.sign_up is not None and linked.sign_up.id == SIGN_UP.own()
    return await render_template("confirm.html", email=linked.sent_to, token=token, own=own, typed=typed_before())


@auth.post("/confirm")
@only_with_mail
@CONFIRM.handles
async def confirm_post() -> ResponseReturnValue:
    """Make the account, if the link is valid, and the browser is that of the sign-up or the password is right."""
    try:
        user = await sign_up_confirmations.confirm_by_link(
            transaction,
            passwords(),
            **await CONFIRM.read(),
            own_sign_up_id=SIGN_UP.own(),
            browser=this_browser(),
            now=clock.now(),
        )
    except AlreadyConfirmed as error:
        if answer := await CONFIRM.answered_again():
            return answer
        await flash_one(sentence(error), error.code)
        return redirect(url_for("auth.login"))
    except OwnFieldTaken as error:
        return await SIGN_UP_FORM.refuse(error)
    return await _signed_up(user)


async def _signed_up(user: User) -> ResponseReturnValue:
    security_log.write("sign_up", user=user.id)
    signals.announce(signals.signed_up, user=user)
    kept = kept_proofs.for_sign_up(SIGN_UP.own())
    if kept:
        await _connect(user, kept)
    SIGN_UP.forget()
    return await to_log_in(user.email, SIGNED_UP, remember=kept is not None and kept.remember)


async def to_log_in(email: str, sentence: str, *, remember: bool = False) -> ResponseReturnValue:
    """Redirect to the log-in page, filled in with this address, and with the sentence above the form."""
    session["typed"] = {"email": email} | ({"remember": "on"} if remember else {})
    await flash_one(sentence, "success")
    return redirect(url_for("auth.login", next=await next_page.wanted()))


@CODE.again
@CONFIRM.again
async def signed_up_again(user_id: int) -> ResponseReturnValue:
    """Answer the second click as the first one."""
    return await to_log_in(await email_of(user_id), SIGNED_UP)


async def email_of(user_id: int) -> str:
    """Return the user's address, "" if the user has just been deleted."""
    async with reading() as db:
        return await db.scalar(select(User.email).where(User.id == user_id)) or ""


async def _connect(user: User, kept: Kept) -> None:
    # The sign-up was begun in this browser with an account at a provider: connect that account as the way to log in.
    if user.password != NO_PASSWORD or key(kept.proven.email or "") != user.email_key:
        return
    kept_proofs.forget()
    for provider in services().settings.providers:
        if provider.issuer == kept.proven.issuer:
            await identities.connect(
                transaction,
                user_id=user.id,
                proven=kept.proven,
                provider=provider,
                browser=this_browser(),
                now=clock.now(),
            )
            security_log.write("provider_connected", user=user.id, provider=provider.name)


async def link_is_over(error: LinkInvalid | LinkUsed, *, again: str, words: str) -> Response:
    """Show that a link can't be used, and where to ask for another one. `words` are the text of that link."""
    if wants_json():
        return await refusal(error)
    page = await render_template("link_is_over.html", sentence=sentence(error), again=again, words=translated(words))
    return Response(page, status_of(error))
