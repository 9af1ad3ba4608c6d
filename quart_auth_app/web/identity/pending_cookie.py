"""The cookie of a log-in that waits for its second step. It logs nobody in: only the second step reads it."""

from quart_auth_app.accounts.logging_in import pending_log_ins
from quart_auth_app.web.identity import cookies

COOKIE = "second-step"


def token() -> str:
    """Return the token of this browser's pending log-in, "" if it has none."""
    return cookies.own(COOKIE)


def remember(token: str) -> None:
    """Set the cookie with the response. The token is random; its row decides whether it still counts."""
    cookies.remember(COOKIE, token, lasts=pending_log_ins.LASTS)


def forget() -> None:
    """Delete the cookie with the response."""
    cookies.forget(COOKIE)
