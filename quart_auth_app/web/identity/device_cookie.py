"""The device cookie: a browser that has logged in to an account before has its own limit (accounts/limits.py)."""

import hashlib
from datetime import timedelta

from itsdangerous import BadData
from quart import after_this_request, current_app, request
from quart.typing import ResponseTypes

from quart_auth_app.accounts import devices
from quart_auth_app.accounts.devices import Account, Device
from quart_auth_app.web.identity.cookies import cookie_name, signing_keys
from quart_auth_app.web.identity.signatures import PatientSerializer
from quart_auth_app.web.services import services

LIFETIME = timedelta(days=365)
"""How long a browser is known after its last log-in."""


def this_device() -> Device | None:
    """Return the device that this browser is, None if it has never logged in."""
    try:
        number, accounts = _serializer().loads(
            request.cookies.get(cookie_name("device", services().settings), ""), max_age=int(LIFETIME.total_seconds())
        )
        return Device(str(number), dict(accounts))
    except (BadData, ValueError):
        return None


def remember_device(user: Account) -> None:
    """Add the account to this browser's device, or to a new one. Only for a user who has just proved who they are."""
    settings = services().settings
    device = (this_device() or devices.new()).with_account(user)
    value = _serializer().dumps([device.id, list(device.accounts.items())])

    @after_this_request
    async def set_cookie(response: ResponseTypes) -> ResponseTypes:
        response.set_cookie(
            cookie_name("device", settings),
            value,
            max_age=LIFETIME,
            secure=settings.https,
            httponly=True,
            samesite="Lax",
        )
        return response


def _serializer() -> PatientSerializer:
    # PUBLIC_URL in the salt: if two sites share a key, neither accepts a device of the other.
    salt = f"device of {services().settings.public_url}"
    return PatientSerializer(
        signing_keys(current_app.config), salt=salt, signer_kwargs={"digest_method": hashlib.sha256}
    )
