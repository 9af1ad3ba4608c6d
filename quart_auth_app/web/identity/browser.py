"""The browser of the request, as functions of `accounts` need it."""

from quart import g, request

from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.web.edge.client import client_address
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.identity.device_cookie import this_device
from quart_auth_app.web.language import wished_for


def this_browser() -> Browser:
    """Return the browser of this request."""
    return Browser(
        address=client_address(),
        user_agent=request.user_agent.string.replace("\0", ""),
        device=this_device(),
        token=current_user.auth_id,
        language=wished_for(),
        form=g.get("sent_form"),
    )
