"""What our cookies have in common: their name, their flags, and how they are signed."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from quart import after_this_request, current_app
from quart.typing import ResponseTypes

from quart_auth_app.settings import Settings
from quart_auth_app.web.edge.asking import asking
from quart_auth_app.web.identity.signatures import PatientSerializer
from quart_auth_app.web.services import services


def cookie_name(name: str, settings: Settings) -> str:
    """Return the cookie's name; with https it has the prefix that only this host may set, over https (RFC 6265bis)."""
    return f"__Host-{name}" if settings.https else name


def own(name: str) -> str:
    """Return the value of this browser's cookie, "" if it has none."""
    return asking().cookies.get(cookie_name(name, services().settings), "")


def remember(name: str, value: str, *, lasts: timedelta | None = None) -> None:
    """Set the cookie with the response to this request. Without `lasts` the browser keeps it until it is closed."""

    @after_this_request
    async def set_cookie(response: ResponseTypes) -> ResponseTypes:
        put(response, name, value, lasts=lasts)
        return response


def forget(name: str) -> None:
    """Delete the cookie with the response to this request."""

    @after_this_request
    async def delete_cookie(response: ResponseTypes) -> ResponseTypes:
        drop(response, name)
        return response


def put(response: ResponseTypes, name: str, value: str, *, lasts: timedelta | None = None) -> None:
    """Set the cookie on this response. It is Lax, not Strict: browsers send it when a provider redirects back to us."""
    settings = services().settings
    response.set_cookie(
        cookie_name(name, settings), value, max_age=lasts, secure=settings.https, httponly=True, samesite="Lax"
    )


def drop(response: ResponseTypes, name: str) -> None:
    """Delete the cookie by this response."""
    settings = services().settings
    response.delete_cookie(cookie_name(name, settings), secure=settings.https, httponly=True, samesite="Lax")


def signing_keys(config: Mapping[str, Any]) -> list[str]:
    """Return the keys that verify cookies; the last one signs new ones, the order of itsdangerous."""
    return [*(config["SECRET_KEY_FALLBACKS"] or []), config["SECRET_KEY"]]


def serializer(purpose: str) -> PatientSerializer:
    """Return what signs the values of cookies with this purpose, and checks them.

    PUBLIC_URL is in the salt too: if two sites share a key, neither accepts a cookie of the other.
    """
    salt = f"{purpose} {services().settings.public_url}"
    return PatientSerializer(
        signing_keys(current_app.config), salt=salt, signer_kwargs={"digest_method": hashlib.sha256}
    )
