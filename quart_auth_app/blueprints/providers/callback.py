"""The way back from a provider: what was begun goes on, whether it was a log-in, connecting it, or a proof."""

from quart.typing import ResponseReturnValue

from quart_auth_app.accounts.errors import AccountError, SessionRevoked
from quart_auth_app.accounts.provider_errors import ProviderRefused
from quart_auth_app.blueprints.providers.log_in import LOG_IN, log_in, providers
from quart_auth_app.blueprints.providers.own import OVERVIEW, connect, prove
from quart_auth_app.web.edge.to_the_end import to_the_end
from quart_auth_app.web.identity import providers as edge
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.identity.sudo import log_in_again

ENDS = {edge.LOG_IN: log_in, edge.CONNECT: connect, edge.SUDO: prove}
"""What to do when the browser comes back, by the purpose of the attempt."""


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
            edge.log_failure(provider, error)
        return await form.answer(error)
