"""Providers: logging in with an account of another site, connecting one, disconnecting it."""

from quart import Blueprint, g, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from quart_auth import login_required

from quart_auth_app import clock
from quart_auth_app.accounts import identities, identity_sign_ups, own_fields, sign_ups
from quart_auth_app.accounts.errors import AccountError, AttemptTooLate, ProviderRefused, SessionRevoked, SignUpClosed
from quart_auth_app.accounts.factors.identities import Proven
from quart_auth_app.accounts.identity_sign_ups import AddressNotVerified, ConnectFirst, SignUpUnfinished
from quart_auth_app.settings.providers import ProviderSettings
from quart_auth_app.web import signals
from quart_auth_app.web.edge.to_the_end import to_the_end
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.fields import is_checked, read_texts
from quart_auth_app.web.forms.flashes import typed_before
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.forms.second_click import know_browser
from quart_auth_app.web.identity import kept_proofs
from quart_auth_app.web.identity import providers as edge
from quart_auth_app.web.identity.attempt_cookies import Carried
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_found, current_user, own_number
from quart_auth_app.web.identity.log_in import hand_over, landing
from quart_auth_app.web.identity.number_cookies import SIGN_UP as SIGN_UP_COOKIE
from quart_auth_app.web.identity.sudo import go_on_with, log_in_again, sudo_required
from quart_auth_app.web.sentences import PROVEN, PROVIDER_CONNECTED, PROVIDER_DISCONNECTED, filled
from quart_auth_app.web.services import services, transaction
from quart_auth_app.web.telemetry import security_log

providers = Blueprint("providers", __name__)

LOG_IN = Form("auth.login", ticks=("remember",))
FINISH = Form("providers.sign_up", "name", own=own_fields.on_sign_up, once=True)
OVERVIEW = Form("account.overview", section="providers")
DISCONNECT = Form("account.overview", section="providers", once=True, sender=own_number)


@providers.post("/login/with/<provider>")
@LOG_IN.handles
async def login(provider: str) -> ResponseReturnValue:
    """Go to the provider."""
    return await edge.go(provider, edge.LOG_IN, remember=await is_checked("remember"))


@providers.get("/login/with/<provider>/callback")
@to_the_end
async def callback(provider: str) -> ResponseReturnValue:
    """Continue what was begun, when the browser comes back from the provider."""
    settings = edge.configured(provider)
    form = OVERVIEW if await current_user.is_authenticated else LOG_IN
    try:
        carried, proven = await edge.come_back(provider)
        form = LOG_IN if carried.purpose == edge.LOG_IN else OVERVIEW
        return await ENDS[carried.purpose](settings, carried, proven)
    except SessionRevoked as error:
        return await log_in_again(error)
    except AccountError as error:
        if isinstance(error, ProviderRefused):
            edge.note_failure(provider, error)
        return await form.answer(error)


async def _log_in(provider: ProviderSettings, carried: Carried, proven: Proven) -> ResponseReturnValue:
    try:
        return await _let_in(provider, proven, remember=carried.remember, wanted=carried.next)
    except ConnectFirst:
        kept_proofs.keep(proven, remember=carried.remember)
        g.next = url_for("account.overview", _anchor="providers")
        raise
    except SignUpUnfinished as error:
        kept_proofs.keep(proven, remember=carried.remember)
        return await FINISH.refuse(error)


async def _let_in(
    provider: ProviderSettings,
    proven: Proven,
    *,
    remember: bool,
    wanted: str | None,
    own: dict[str, str] | None = None,
    name: str | None = None,
) -> ResponseReturnValue:
    outcome, is_new = await identities.log_in_with_identity(
        transaction,
        proven=proven,
        provider=provider,
        may_sign_up=services().settings.sign_up_open,
        remember=remember,
        browser=this_browser(),
        now=clock.now(),
        own=own,
        name=name,
    )
    if is_new:
        security_log.write("sign_up", user=outcome.user.id)
        signals.announce(signals.signed_up, user=outcome.user)
    if not await hand_over(outcome, methods=[identities.method(provider)]):
        return redirect(url_for("second_step.login", next=wanted))
    return redirect(landing(wanted))


@providers.get("/login/with/<provider>/sign-up")
async def sign_up(provider: str) -> ResponseReturnValue:
    """Ask for what a new account needs and the provider doesn't tell."""
    know_browser()
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
        response = await _let_in(settings, kept.proven, remember=kept.remember, wanted=wanted, own=own, name=name)
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
    return await _to_check_mail(number)


async def _to_check_mail(number: int) -> ResponseReturnValue:
    SIGN_UP_COOKIE.remember(number)
    return redirect(url_for("auth.check_mail", next=await next_page.wanted()))


@FINISH.again
async def signed_up_again(number: int) -> ResponseReturnValue | None:
    """Redirect the second click to where the first one went, which has used the proof."""
    if await current_user.is_authenticated:
        return redirect(landing(await next_page.wanted()))
    return await _to_check_mail(number) if kept_proofs.for_sign_up(number) else None


async def _connect(provider: ProviderSettings, _carried: Carried | None, proven: Proven) -> ResponseReturnValue:
    user_id, browser = current_user.id, this_browser()
    await identities.connect(
        transaction, user_id=user_id, proven=proven, provider=provider, browser=browser, now=clock.now()
    )
    security_log.write("provider_connected", user=user_id, provider=provider.name)
    return await OVERVIEW.done(filled(PROVIDER_CONNECTED, {"label": provider.label}))


async def _prove(provider: ProviderSettings, carried: Carried, proven: Proven) -> ResponseReturnValue:
    found = current_found()
    renewed = await identities.prove(
        transaction, found=found, proven=proven, provider=provider, browser=this_browser(), now=clock.now()
    )
    await go_on_with(renewed.token, remember=found.session["remember"])
    suspended = carried.suspended
    if not suspended:
        return await OVERVIEW.done(PROVEN)
    if suspended["action"] == url_for("account.sudo"):
        return redirect(carried.next or url_for("account.overview"))
    return await render_template("providers/go_on.html", **suspended)


ENDS = {edge.LOG_IN: _log_in, edge.CONNECT: _connect, edge.SUDO: _prove}
"""What to do when the browser comes back, by the purpose of the attempt."""


@providers.post("/account/providers/<provider>")
@login_required
@sudo_required("Connect another site")
@OVERVIEW.handles
async def connect_post(provider: str) -> ResponseReturnValue:
    """Go to the provider to connect an account there; not needed with a proof that is less than 10 minutes old."""
    settings = edge.configured(provider)
    if kept := kept_proofs.for_own_account(settings):
        kept_proofs.forget()
        return await _connect(settings, None, kept.proven)
    return await edge.go(provider, edge.CONNECT)


@providers.post("/account/providers/<provider>/disconnect")
@login_required
@sudo_required("Disconnect another site")
@DISCONNECT.handles
async def disconnect_post(provider: str) -> ResponseReturnValue:
    """Disconnect the account at the provider, unless it is the last way in."""
    settings, user_id, browser = edge.configured(provider), current_user.id, this_browser()
    async with transaction() as db:
        await identities.disconnect(db, user_id=user_id, provider=settings, browser=browser, now=clock.now())
    security_log.write("provider_disconnected", user=user_id, provider=provider)
    return await _disconnected(settings)


async def _disconnected(settings: ProviderSettings) -> ResponseReturnValue:
    return await DISCONNECT.done(filled(PROVIDER_DISCONNECTED, {"label": settings.label}))


@DISCONNECT.again
async def disconnected_again(_user_id: int) -> ResponseReturnValue:
    """Answer the second click as the first one."""
    return await _disconnected(edge.configured(str((request.view_args or {})["provider"])))
