"""The browser that asks, as the domain wants to know it."""

from quart import request

from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.web.edge.client import client_address
from quart_auth_app.web.identity.current_user import current_user


def this_browser(*, device: str | None = None) -> Browser:
    """Return the browser of this request; `device` is what it is counted by where that matters."""
    return Browser(
        address=client_address(), user_agent=request.user_agent.string, device=device, token=current_user.auth_id
    )
