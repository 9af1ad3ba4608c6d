"""quart-auth's manager, which reads and writes the log-in's cookie: with our user, and leeway for clocks."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from quart import Quart
from quart.wrappers.base import BaseRequestWebsocket
from quart_auth import QuartAuth

from quart_auth_app.accounts import sessions
from quart_auth_app.database.errors import DatabaseAway
from quart_auth_app.instance import SettingsError
from quart_auth_app.settings import Settings
from quart_auth_app.web.edge import hooks
from quart_auth_app.web.edge.asking import asking, key_of
from quart_auth_app.web.identity.access_keys import found_by_key
from quart_auth_app.web.identity.cookies import cookie_name
from quart_auth_app.web.identity.current_user import CurrentUser, current_user
from quart_auth_app.web.identity.signatures import PatientSerializer


class _Tokens(PatientSerializer):
    """quart-auth's signature, with leeway for clocks."""

    def __init__(self, keys: Sequence[str], salt: str) -> None:
        super().__init__(keys, salt, signer_kwargs={"digest_method": hashlib.sha512})


class Auth(QuartAuth):
    """quart-auth with our user, with leeway for clocks, and without its synchronous hook."""

    user_class = CurrentUser
    serializer_class = _Tokens  # type: ignore[assignment]  # quart-auth's type for it is private

    def load_cookie(self) -> str | None:
        """Return the token's value. Without the cookie, don't raise and catch the error that quart-auth does."""
        return super().load_cookie() if self.cookie_name in asking().cookies else None

    async def _template_context(self) -> dict[str, Any]:  # type: ignore[override]  # Quart awaits either kind
        # quart-auth's own is not async, so each page would run it in a thread: a third of the page's time. A page that
        # only shows the navigation works even while the database is away.
        user = self.load_user()
        failed = isinstance(user, CurrentUser) and user.look_up_failure
        return {"current_user": CurrentUser(None) if failed else user}


class _Managers(list[QuartAuth]):
    """quart-auth's managers of an application. It refuses a second one for `current_user` beside ours."""

    def append(self, manager: QuartAuth) -> None:
        if manager.singleton:
            insist_on_room(self)
        super().append(manager)


def insist_on_room(managers: list[QuartAuth]) -> None:
    """Raise SettingsError if one of these managers serves `current_user` already."""
    # quart-auth allows two. The first would be current_user, and each would write the other's log-in to its own cookie.
    if any(each.singleton for each in managers):
        raise SettingsError(
            "this application has a QuartAuth beside quart_auth_app's, and current_user can follow one alone: "
            "leave it out, or give it singleton=False and an attribute_name, a cookie_name and a salt of its own"
        )


def init_app(app: Quart, settings: Settings) -> None:
    """Put quart-auth into the application."""
    app.config.update(
        QUART_AUTH_COOKIE_NAME=cookie_name("log-in", settings),
        QUART_AUTH_COOKIE_SECURE=settings.https,
        # How long quart-auth accepts a token, and how long a remembered cookie lasts; the session may end sooner.
        QUART_AUTH_DURATION=int(sessions.REMEMBERED_ABSOLUTE / timedelta(seconds=1)),
    )
    app.extensions["QUART_AUTH"] = _Managers(app.extensions.get("QUART_AUTH", []))
    Auth(app)
    look_up = partial(_look_up, cookie_name("log-in", settings))
    hooks.before_request(app, look_up)
    hooks.before_websocket(app, look_up)


async def _look_up(cookie: str, asked: BaseRequestWebsocket) -> None:
    # So current_user.name works in any route without an await. Static files need no user. If the database fails here,
    # a route that needs the user raises the error itself.
    if (key := key_of(asked)) is not None:
        current_user.found = await found_by_key(key)
    elif cookie in asked.cookies and asked.endpoint != "static":
        with suppress(DatabaseAway):
            await current_user.is_authenticated
