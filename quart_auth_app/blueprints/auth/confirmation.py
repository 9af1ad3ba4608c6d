"""Signing up with mail: the pages after the form."""

import logging

from quart import flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from quart_auth_app import clock
from quart_auth_app.accounts import tokens
from quart_auth_app.accounts.credentials import identities
from quart_auth_app.accounts.credentials.ways_in import NO_PASSWORD
from quart_auth_app.accounts.errors import AlreadyConfirmed
from quart_auth_app.accounts.fields.email_addresses import key
from quart_auth_app.accounts.fields.own_field import OwnFieldTaken
from quart_auth_app.accounts.signing_up import sign_up_confirmations, sign_ups
from quart_auth_app.accounts.signing_up.sign_up_confirmations import Confirmed
from quart_auth_app.blueprints.auth.log_in import auth
from quart_auth_app.blueprints.auth.sign_up import SIGN_UP as SIGN_UP_FORM
from quart_auth_app.blueprints.mailed_links import email_of, link_page, only_with_mail, to_log_in
from quart_auth_app.models import User
from quart_auth_app.web import signals
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.flashes import flash_one, typed_before
from quart_auth_app.web.forms.link_form import LinkForm
from quart_auth_app.web.forms.once_form import OnceForm
from quart_auth_app.web.forms.second_click import mark_forms
from quart_auth_app.web.identity import kept_proofs
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.kept_proofs import Kept
from quart_auth_app.web.identity.number_cookies import SIGN_UP
from quart_auth_app.web.language import translated
from quart_auth_app.web.sentences import sentence
from quart_auth_app.web.sentences.outcomes import OWN_DROPPED, SIGNED_UP
from quart_auth_app.web.services import passwords, reading, services, transaction
from quart_auth_app.web.telemetry import logs, security_log

_log = logging.getLogger(f"{logs.LOGGER}.sign_up")

CODE = OnceForm("auth.check_mail", "code")
CONFIRM = LinkForm("auth.confirm", "token", optional=("password",))


@auth.get("/signup/check-mail")
@only_with_mail
async def check_mail() -> ResponseReturnValue:
    """Wait for the code that was mailed. The page is the same whether or not the address has an account."""
    mark_forms()
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
        confirmed = await sign_up_confirmations.confirm_by_code(
            transaction,
            passwords(),
            sign_up_id=SIGN_UP.own() or 0,
            **await CODE.read(),
            browser=this_browser(),
            now=clock.now(),
        )
    except OwnFieldTaken as error:  # another account took the value meanwhile, and this page has no field to change it
        return await SIGN_UP_FORM.refuse(error)
    return await _signed_up(confirmed)


@auth.get("/confirm")
@only_with_mail
@link_page("Sign up again", lambda: url_for("auth.signup"))
async def confirm(token: str) -> ResponseReturnValue:
    """Show which address will be confirmed. Opening the page doesn't consume the token."""
    async with reading() as db:
        linked = await tokens.look(db, token=token, purpose=tokens.CONFIRM, now=clock.now())
    own = linked.sign_up is not None and linked.sign_up.id == SIGN_UP.own()
    return await render_template("confirm.html", email=linked.sent_to, token=token, own=own, typed=typed_before())


@auth.post("/confirm")
@only_with_mail
@CONFIRM.handles
async def confirm_post() -> ResponseReturnValue:
    """Make the account, if the link is valid, and the browser is that of the sign-up or the password is right."""
    try:
        confirmed = await sign_up_confirmations.confirm_by_link(
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
    return await _signed_up(confirmed)


async def _signed_up(confirmed: Confirmed) -> ResponseReturnValue:
    user = confirmed.user
    security_log.write("sign_up", user=user.id)
    signals.announce(signals.signed_up, user=user)
    kept = kept_proofs.for_sign_up(SIGN_UP.own())
    if kept:
        await _connect(user, kept)
    SIGN_UP.forget()
    response = await to_log_in(user.email, SIGNED_UP, remember=kept is not None and kept.remember)
    for field in confirmed.dropped:
        _log.warning("user %d: %s fails the site's check since the sign-up, and is empty", user.id, field.name)
        await flash(translated(OWN_DROPPED, label=translated(field.label)), "warning")
    return response


@CODE.again
@CONFIRM.again
async def signed_up_again(user_id: int) -> ResponseReturnValue:
    """Answer the second click as the first one."""
    return await to_log_in(await email_of(user_id), SIGNED_UP)


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
                found=None,
                proven=kept.proven,
                provider=provider,
                browser=this_browser(),
                now=clock.now(),
            )
            security_log.write("provider_connected", user=user.id, provider=provider.name)
