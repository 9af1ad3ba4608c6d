"""Signing up with a provider: the page that asks for what a new account needs and the provider doesn't tell."""

from quart import redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from quart_auth_app import clock
from quart_auth_app.accounts.errors import SignUpClosed
from quart_auth_app.accounts.fields import own_fields
from quart_auth_app.accounts.provider_errors import AddressNotVerified, AttemptTooLate
from quart_auth_app.accounts.signing_up import identity_sign_ups, sign_ups
from quart_auth_app.blueprints.auth.log_in import to_check_mail
from quart_auth_app.blueprints.providers.log_in import FINISH, let_in, providers
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.fields import read_texts
from quart_auth_app.web.forms.flashes import typed_before
from quart_auth_app.web.forms.second_click import mark_forms
from quart_auth_app.web.identity import kept_proofs
from quart_auth_app.web.identity import providers as edge
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.identity.log_in import landing
from quart_auth_app.web.services import services, transaction
from quart_auth_app.web.telemetry import security_log


@providers.get("/login/with/<provider>/sign-up")
async def sign_up(provider: str) -> ResponseReturnValue:
    """Ask for what a new account needs and the provider doesn't tell."""
    mark_forms()
    settings = edge.configured(provider)
    kept = kept_proofs.for_new_account(settings)
    if kept is None:
        return redirect(url_for("auth.signup"))
    email = identity_sign_ups.address(kept.proven, settings)
    return await render_template(
        "providers/sign_up.html",
        provider=settings,
        email=email,
        name=identity_sign_ups.name_of(kept.proven, email),
        is_verified=kept.proven.email_verified,
        typed=typed_before(),
        next=await next_page.wanted(),
        own_fields=own_fields.on_sign_up(),
    )


@providers.post("/login/with/<provider>/sign-up")
@FINISH.handles
async def sign_up_post(provider: str) -> ResponseReturnValue:
    """Make the account; if the provider has not verified the address, confirm it by mail first."""
    settings = edge.configured(provider)
    kept = kept_proofs.for_new_account(settings)
    if kept is None:
        raise AttemptTooLate(reason="no proof")
    name, own, wanted = (
        (await FINISH.read())["name"],
        await read_texts(own_fields.on_sign_up()),
        await next_page.wanted(),
    )
    if kept.proven.email_verified:
        response = await let_in(settings, kept.proven, remember=kept.remember, wanted=wanted, own=own, name=name)
        kept_proofs.forget()  # only now: after a refusal the person tries again with it
        return response
    email = identity_sign_ups.address(kept.proven, settings)
    if not services().settings.sign_up_open:
        raise SignUpClosed
    if services().sender is None:
        raise AddressNotVerified(label=settings.label)
    number = await sign_ups.begin_without_password(
        transaction, email=email, name=name, own=own, browser=this_browser(), now=clock.now()
    )
    security_log.write("sign_up_asked", account=security_log.account(email))
    kept_proofs.keep(kept.proven, remember=kept.remember, sign_up=number)
    return await to_check_mail(number)


@FINISH.again
async def signed_up_again(number: int) -> ResponseReturnValue | None:
    """Redirect the second click to where the first one went, which has used the proof."""
    if await current_user.is_authenticated:
        return redirect(landing(await next_page.wanted()))
    return await to_check_mail(number) if kept_proofs.for_sign_up(number) else None
