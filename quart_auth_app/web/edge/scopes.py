"""What is changed in a request's ASGI scope before any other code reads it."""

import secrets

from hypercorn.typing import HTTPScope, WebsocketScope

from quart_auth_app.web.edge import dates
from quart_auth_app.web.edge.asking import key_in
from quart_auth_app.web.edge.client import address_in
from quart_auth_app.web.services import Services


def prepare(scope: HTTPScope | WebsocketScope, services: Services) -> tuple[str, str]:
    """Store the request's id and the client's address in the scope. Returns both.

    If an access key is sent, it alone says who the user is: the cookies are removed. Odd dates are replaced.
    """
    sent = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
    if sent and key_in(sent) is not None:
        scope["headers"] = [each for each in scope["headers"] if each[0] != b"cookie"]
    dates.replace_odd(scope)
    request_id, address = new_id(), address_in(scope, services.settings.proxy_hops)
    scope.update(request_id=request_id, client_address=address)  # type: ignore[call-arg]  # keys of our own
    return request_id, address


def new_id() -> str:
    """Return an id for a request, which its answer and its lines in the log have in common."""
    return secrets.token_hex(8)
