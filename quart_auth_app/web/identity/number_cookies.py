"""Signed cookies with the number of a sign-up or log-in that this browser has begun, and that waits for its mail."""

import hashlib
from datetime import timedelta

from itsdangerous import BadData
from quart import after_this_request, current_app, request
from quart.typing import ResponseTypes

from quart_auth_app.accounts import mailed_log_in, sign_ups
from quart_auth_app.web.identity.cookies import cookie_name, signing_keys
from quart_auth_app.web.identity.signatures import PatientSerializer
from quart_auth_app.web.services import services


class NumberCookie:
    """A signed cookie: it proves that this browser asked. The row with the number decides whether it still counts."""

    def __init__(self, name: str, lasts: timedelta) -> None:
        self._name = name
        self._lasts = lasts

    def own(self) -> int | None:
        """Return this browser's number, None if it has none or the cookie has expired."""
        value = request.cookies.get(cookie_name(self._name, services().settings), "")
        try:
            number = self._serializer().loads(value, max_age=int(self._lasts.total_seconds()))
        except (BadData, ValueError):
            return None
        return int(number)

    def remember(self, number: int) -> None:
        """Set the cookie with the response."""
        settings, value = services().settings, self._serializer().dumps(number)

        @after_this_request
        async def set_cookie(response: ResponseTypes) -> ResponseTypes:
            response.set_cookie(
                cookie_name(self._name, settings),
                value,
                max_age=self._lasts,
                secure=settings.https,
                httponly=True,
                samesite="Lax",
            )
            return response

    def forget(self) -> None:
        """Delete the cookie with the response."""
        settings = services().settings

        @after_this_request
        async def delete_cookie(response: ResponseTypes) -> ResponseTypes:
            name = cookie_name(self._name, settings)
            response.delete_cookie(name, secure=settings.https, httponly=True, samesite="Lax")
            return response

    def _serializer(self) -> PatientSerializer:
        # PUBLIC_URL in the salt: if two sites share a key, neither accepts a number of the other.
        salt = f"{self._name} cookie of {services().settings.public_url}"
        return PatientSerializer(
            signing_keys(current_app.config), salt=salt, signer_kwargs={"digest_method": hashlib.sha256}
        )


SIGN_UP = NumberCookie("sign-up", sign_ups.LASTS)
MAILED_LOG_IN = NumberCookie("mailed-log-in", mailed_log_in.LASTS)
