"""The device cookie: a browser that has logged in to an account before is counted by itself (accounts/throttle.py)."""

import hashlib
import secrets
from datetime import timedelta

from itsdangerous import BadData, URLSafeTimedSerializer
from quart import after_this_request, current_app, request
from quart.typing import ResponseTypes

from quart_auth_app.accounts import email_addresses
from quart_auth_app.web.identity.cookies import cookie_name, signing_keys
from quart_auth_app.web.services import services

LIFETIME = timedelta(days=365)
"""How long a browser is known after its last log-in."""


def known_device(email: str) -> str | None:
    """Return what this browser is counted by if it has logged in to this account before."""
    try:
        account, device = _serializer().loads(
            request.cookies.get(cookie_name("device", services().settings), ""), max_age=int(LIFETIME.total_seconds())
        )
    except (BadData, ValueError):
        return None
    return str(device) if account == email_addresses.fingerprint(email) else None


def remember_device(email: str) -> None:
    """Let the browser carry a new device cookie for this account when the response leaves."""
    settings = services().settings
    value = _serializer().dumps([email_addresses.fingerprint(email), secrets.token_urlsafe(16)])

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


def _serializer() -> URLSafeTimedSerializer:
    # PUBLIC_URL in the salt: where two sites share a key, an account at one says nothing about its namesake at another.
    salt = f"device cookie of {services().settings.public_url}"
    return URLSafeTimedSerializer(
        signing_keys(current_app.config), salt=salt, signer_kwargs={"digest_method": hashlib.sha256}
    )
