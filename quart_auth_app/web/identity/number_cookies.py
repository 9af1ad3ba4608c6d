"""Signed cookies with the number of a sign-up or log-in that this browser has begun, and that waits for its mail."""

from datetime import timedelta

from itsdangerous import BadData

from quart_auth_app.accounts.logging_in import mailed_log_in
from quart_auth_app.accounts.signing_up import sign_ups
from quart_auth_app.web.identity import cookies
from quart_auth_app.web.identity.signatures import PatientSerializer


class NumberCookie:
    """A signed cookie: it proves that this browser asked. The row with the number decides whether it still counts."""

    def __init__(self, name: str, lasts: timedelta) -> None:
        self._name = name
        self._lasts = lasts

    def own(self) -> int | None:
        """Return this browser's number, None if it has none or the cookie has expired."""
        try:
            number = self._serializer().loads(cookies.own(self._name), max_age=int(self._lasts.total_seconds()))
        except BadData:
            return None
        return int(number)

    def remember(self, number: int) -> None:
        """Set the cookie with the response."""
        cookies.remember(self._name, self._serializer().dumps(number), lasts=self._lasts)

    def forget(self) -> None:
        """Delete the cookie with the response."""
        cookies.forget(self._name)

    def _serializer(self) -> PatientSerializer:
        return cookies.serializer(f"{self._name} cookie of")


SIGN_UP = NumberCookie("sign-up", sign_ups.LASTS)
MAILED_LOG_IN = NumberCookie("mailed-log-in", mailed_log_in.LASTS)
