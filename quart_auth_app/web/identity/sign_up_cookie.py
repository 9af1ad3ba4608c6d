"""The sign-up cookie: which sign-up, still waiting for its mail to be answered, was made in this browser."""

import hashlib

from itsdangerous import BadData, URLSafeTimedSerializer
from quart import after_this_request, current_app, request
from quart.typing import ResponseTypes

from quart_auth_app.accounts import sign_ups
from quart_auth_app.web.identity.cookies import cookie_name, signing_keys
from quart_auth_app.web.services import services


def own_sign_up() -> int | None:
    """Return the number of the sign-up that this browser made, None if it made none that may still wait."""
    value = request.cookies.get(cookie_name("sign-up", services().settings), "")
    try:
        number = _serializer().loads(value, max_age=int(sign_ups.LASTS.total_seconds()))
    except (BadData, ValueError):
        return None
    return int(number)


def remember_sign_up(number: int) -> None:
    """Let the browser carry the sign-up's number when the response leaves."""
    settings, value = services().settings, _serializer().dumps(number)

    @after_this_request
    async def set_cookie(response: ResponseTypes) -> ResponseTypes:
        response.set_cookie(
            cookie_name("sign-up", settings),
            value,
            max_age=sign_ups.LASTS,
            secure=settings.https,
            httponly=True,
            samesite="Lax",
        )
        return response


def forget_sign_up() -> None:
    """Take the cookie away when the response leaves."""
    settings = services().settings

    @after_this_request
    async def delete_cookie(response: ResponseTypes) -> ResponseTypes:
        response.delete_cookie(cookie_name("sign-up", settings), secure=settings.https, httponly=True, samesite="Lax")
        return response


def _serializer() -> URLSafeTimedSerializer:
    # PUBLIC_URL in the salt: where two sites share a key, a number at one means nothing at the other.
    salt = f"sign-up cookie of {services().settings.public_url}"
    return URLSafeTimedSerializer(
        signing_keys(current_app.config), salt=salt, signer_kwargs={"digest_method": hashlib.sha256}
    )
