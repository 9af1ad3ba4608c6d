"""A passkey in software, which does what an authenticator does (W3C's WebAuthn, level 3)."""

import hashlib
import html
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from quart import Quart, Response

from quart_auth_app.accounts.factors.passkeys import decoded, encoded
from quart_auth_app.testing.browsers import AnyClient, home_of

PRESENT, VERIFIED, CAN_BE_SYNCED, SYNCED, HAS_KEY = 0x01, 0x04, 0x08, 0x10, 0x40
"""Flags of the authenticator's data (WebAuthn, 6.1)."""


@dataclass
class VirtualPasskey:
    """One passkey, once it has been added to an account.

        await log_in_as(client, ann)
        await passkey.add_to(client)
        await client.post("/logout")
        await passkey.log_in(client)

    `origin` is the page's origin in the browser, and `host`, to which the passkey belongs, its host. `flags` are those
    of the authenticator data. `count` is the signature counter; 0 means that the passkey doesn't count.
    """

    origin: str = "http://localhost"
    flags: int = PRESENT | VERIFIED
    count: int = 0
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    handle: bytes = b""
    host: str = ""

    def __post_init__(self) -> None:
        self.host = self.host or urlsplit(self.origin).hostname or ""
        self._key = ec.generate_private_key(ec.SECP256R1())

    async def add_to(self, client: AnyClient, *, name: str = "") -> Response:
        """Add the passkey to the logged-in account. Raises LookupError if the page does not offer that."""
        options = await options_of(await client.get(_path(client.app, "passkeys.overview")), "create")
        form = {"name": name, "credential": self.create(options)}
        return await client.post(_path(client.app, "passkeys.add_post"), form=form)

    async def log_in(self, client: AnyClient, **fields: str) -> Response:
        """Use the passkey on the log-in page. `fields` may be `next` and `remember`."""
        options = await options_of(await client.get(_path(client.app, "auth.login")))
        form = {**fields, "credential": self.get(options)}
        return await client.post(_path(client.app, "passkeys.login"), form=form)

    def create(self, options: dict[str, Any]) -> str:
        """Make the passkey for these `options`, and return what the page's script sends."""
        self.handle = decoded(options["user"]["id"])
        numbers = self._key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        public_key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        data = self._data(HAS_KEY) + bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public_key
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options)
        return self._sent(clientDataJSON=client, attestationObject=attestation)

    def get(self, options: dict[str, Any]) -> str:
        """Use the passkey for these `options`, and return what the page's script sends."""
        client, data = self._client("webauthn.get", options), self._data()
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._sent(clientDataJSON=client, authenticatorData=data, signature=signature, userHandle=self.handle)

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps({"type": kind, "challenge": options["challenge"], "origin": self.origin}).encode()

    def _data(self, flags: int = 0) -> bytes:
        host = hashlib.sha256(self.host.encode()).digest()
        return host + bytes([self.flags | flags]) + self.count.to_bytes(4, "big")

    def _sent(self, **response: bytes) -> str:
        values = {name: encoded(value) for name, value in response.items()}
        return json.dumps({"id": encoded(self.id), "rawId": encoded(self.id), "type": "public-key", "response": values})


async def options_of(page: Response, asks: str = "get") -> dict[str, Any]:
    """Return the page's options for navigator.credentials: to "get" or to "create". Raises LookupError."""
    found = re.findall(r'data-passkey="(\w+)"[^>]* data-options="([^"]*)"', await page.get_data(as_text=True))
    for each, options in found:
        if each == asks:
            return dict(json.loads(html.unescape(options)))
    raise LookupError(f"the page asks for no passkey (its status is {page.status_code})")


def _path(app: Quart, endpoint: str) -> str:
    return str(app.url_map.bind("localhost").build(endpoint))


@pytest.fixture
def passkey(app: Quart) -> VirtualPasskey:
    """Return a passkey that belongs to no account yet."""
    return VirtualPasskey(home_of(app))
