"""The account's own providers: connecting one, disconnecting it, and giving a proof again by one."""

from quart import redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from quart_auth import login_required

from quart_auth_app import clock
from quart_auth_app.accounts.credentials import identities
from quart_auth_app.accounts.factors.identities import Proven
from quart_auth_app.blueprints.providers.log_in import providers
from quart_auth_app.settings.providers import ProviderSettings
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.forms.once_form import OnceForm
from quart_auth_app.web.identity import kept_proofs
from quart_auth_app.web.identity import providers as edge
from quart_auth_app.web.identity.attempt_cookies import Carried
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import current_found, current_user, own_number
from quart_auth_app.web.identity.sudo import go_on_with, sudo_required
from quart_auth_app.web.sentences import filled
from quart_auth_app.web.sentences.outcomes import PROVEN, PROVIDER_CONNECTED, PROVIDER_DISCONNECTED
from quart_auth_app.web.services import transaction
from quart_auth_app.web.telemetry import security_log

OVERVIEW = Form("account.overview", section="providers")
DISCONNECT = OnceForm("account.overview", section="providers", sender=own_number)


@providers.post("/account/providers/<provider>")
@login_required
@sudo_required("Connect another site")
@OVERVIEW.handles
async def connect_post(provider: str) -> ResponseReturnValue:
    """Go to the provider to connect an account there; not needed with a proof that is less than 10 minutes old."""
    settings = edge.configured(provider)
    if kept := kept_proofs.for_own_account(settings):
        kept_proofs.forget()
        return await connect(settings, None, kept.proven)
    return await edge.go(provider, edge.CONNECT)


async def connect(provider: ProviderSettings, _carried: Carried | None, proven: Proven) -> ResponseReturnValue:
    """Connect the account at the provider."""
    user_id, found, browser = current_user.id, current_found(), this_browser()
    await identities.connect(
        transaction, user_id=user_id, found=found, proven=proven, provider=provider, browser=browser, now=clock.now()
    )
    security_log.write("provider_connected", user=user_id, provider=provider.name)
    return await OVERVIEW.done(filled(PROVIDER_CONNECTED, {"label": provider.label}))


async def prove(provider: ProviderSettings, carried: Carried, proven: Proven) -> ResponseReturnValue:
    """Take the log-in there for a proof, and go on with what asked for it."""
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


@providers.post("/account/providers/<provider>/disconnect")
@login_required
@sudo_required("Disconnect another site")
@DISCONNECT.handles
async def disconnect_post(provider: str) -> ResponseReturnValue:
    """Disconnect the account at the provider, unless it is the last way in."""
    settings, found, browser = edge.configured(provider), current_found(), this_browser()
    async with transaction() as db:
        await identities.disconnect(db, found=found, provider=settings, browser=browser, now=clock.now())
    security_log.write("provider_disconnected", user=found.user["id"], provider=provider)
    return await _disconnected(settings)


async def _disconnected(settings: ProviderSettings) -> ResponseReturnValue:
    return await DISCONNECT.done(filled(PROVIDER_DISCONNECTED, {"label": settings.label}))


@DISCONNECT.again
async def disconnected_again(_user_id: int) -> ResponseReturnValue:
    """Answer the second click as the first one."""
    return await _disconnected(edge.configured(str((request.view_args or {})["provider"])))
