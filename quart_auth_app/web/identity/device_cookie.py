"""The device cookie: a browser that has logged in before has a limit of its own (`throttling/limits.py`)."""

from datetime import timedelta

from itsdangerous import BadData

from quart_auth_app.accounts import devices
from quart_auth_app.accounts.devices import Account, Device
from quart_auth_app.web.identity import cookies
from quart_auth_app.web.identity.signatures import PatientSerializer

COOKIE = "device"

LIFETIME = timedelta(days=365)
"""How long a browser is known after its last log-in."""


def this_device() -> Device | None:
    """Return the device that this browser is, None if it has never logged in."""
    try:
        number, accounts = _serializer().loads(cookies.own(COOKIE), max_age=int(LIFETIME.total_seconds()))
        return Device(str(number), dict(accounts))
    except (BadData, ValueError):
        return None


def remember_device(user: Account) -> None:
    """Add the account to this browser's device, or to a new one. Only for a user who has just proved who they are."""
    device = (this_device() or devices.new()).with_account(user)
    value = _serializer().dumps([device.id, list(device.accounts.items())])
    cookies.remember(COOKIE, value, lasts=LIFETIME)


def _serializer() -> PatientSerializer:
    return cookies.serializer("device of")
