"""Passkeys for tests, from `quart_auth_app.testing`."""

from quart import Quart, Response

from quart_auth_app.testing import VirtualPasskey as Authenticator
from quart_auth_app.testing.passkeys import CAN_BE_SYNCED, PRESENT, SYNCED, VERIFIED
from quart_auth_app.testing.passkeys import options_of as options
from tests.people import Client

__all__ = [
    "CAN_BE_SYNCED",
    "PRESENT",
    "SYNCED",
    "VERIFIED",
    "Authenticator",
    "add_passkey",
    "log_in",
    "options",
    "person_with_passkey",
]


async def add_passkey(client: Client, authenticator: Authenticator | None = None, *, name: str = "") -> Authenticator:
    """Add a passkey for the person who has just logged in with this browser."""
    authenticator = authenticator or Authenticator()
    assert (await authenticator.add_to(client, name=name)).status_code == 302
    return authenticator


async def log_in(client: Client, authenticator: Authenticator, **fields: str) -> Response:
    """Use the passkey on the log-in page."""
    return await authenticator.log_in(client, **fields)


async def person_with_passkey(app: Quart, person: dict[str, str]) -> Authenticator:
    """Sign somebody up, add a passkey, and return its authenticator."""
    client = app.test_client()
    await client.post("/signup", form=person)
    await client.post("/login", form=person)
    return await add_passkey(client)
