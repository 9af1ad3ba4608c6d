"""The cookie of a log-in that waits for its second step. It logs nobody in: only the second step reads it."""

from collections.abc import Callable

from quart import after_this_request, request
from quart.typing import ResponseTypes

from quart_auth_app.accounts import pending_log_ins
from quart_auth_app.web.identity.cookies import cookie_name
from quart_auth_app.web.services import services


def token() -> str | None:
    """Return the token of this browser's pending log-in, if it has one."""
    return request.cookies.get(_name())


def remember(token: str) -> None:
    """Set the cookie with the response. The token is random; its row decides whether it still counts."""
    _after_this_request(
        lambda response: response.set_cookie(
            _name(),
            token,
            max_age=pending_log_ins.LASTS,
            secure=services().settings.https,
            httponly=True,
            samesite="Lax",
        )
    )


def forget() -> None:
    """Delete the cookie with the response."""
    https = services().settings.https
    _after_this_request(lambda response: response.delete_cookie(_name(), secure=https, httponly=True, samesite="Lax"))


def _name() -> str:
    return cookie_name("second-step", services().settings)


def _after_this_request(change: Callable[[ResponseTypes], None]) -> None:
    @after_this_request
    async def changed(response: ResponseTypes) -> ResponseTypes:
        change(response)
        return response
