"""Logging in with an account of another site."""

from quart import Blueprint, g, redirect, url_for
from quart.typing import ResponseReturnValue

from quart_auth_app import clock
from quart_auth_app.accounts.factors.identities import Proven
from quart_auth_app.accounts.fields import own_fields
from quart_auth_app.accounts.logging_in import identity_log_in
from quart_auth_app.accounts.provider_errors import ConnectFirst, SignUpUnfinished
from quart_auth_app.settings.providers import ProviderSettings
from quart_auth_app.web import signals
from quart_auth_app.web.forms.fields import is_checked
from quart_auth_app.web.forms.form import Form
from quart_auth_app.web.forms.once_form import OnceForm
from quart_auth_app.web.identity import kept_proofs
from quart_auth_app.web.identity import providers as edge
from quart_auth_app.web.identity.attempt_cookies import Carried
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.log_in import hand_over, landing
from quart_auth_app.web.services import services, transaction
from quart_auth_app.web.telemetry import security_log

providers = Blueprint("providers", __name__)

LOG_IN = Form("auth.login", ticks=("remember",))
FINISH = OnceForm("providers.sign_up", "name", own=own_fields.on_sign_up)


@providers.post("/login/with/<provider>")
@LOG_IN.handles
async def login(provider: str) -> ResponseReturnValue:
    """Go to the provider."""
    return await edge.go(provider, edge.LOG_IN, remember=await is_checked("remember"))


async def log_in(provider: ProviderSettings, carried: Carried, proven: Proven) -> ResponseReturnValue:
    """Continue a log-in, when the browser comes back."""
    try:
        return await let_in(provider, proven, remember=carried.remember, wanted=carried.next)
    except ConnectFirst:
        kept_proofs.keep(proven, remember=carried.remember)
        g.next = url_for("account.overview", _anchor="providers")
        raise
    except SignUpUnfinished as error:
        kept_proofs.keep(proven, remember=carried.remember)
        return await FINISH.refuse(error)


async def let_in(
    provider: ProviderSettings,
    proven: Proven,
    *,
    remember: bool,
    wanted: str | None,
    own: dict[str, str] | None = None,
    name: str | None = None,
) -> ResponseReturnValue:
    """Log in, or make the account first; the other arguments are those of `identity_log_in.log_in_with_identity`."""
    outcome, is_new = await identity_log_in.log_in_with_identity(
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
    if not await hand_over(outcome, methods=[identity_log_in.method(provider)]):
        return redirect(url_for("second_step.login", next=wanted))
    return redirect(landing(wanted))
