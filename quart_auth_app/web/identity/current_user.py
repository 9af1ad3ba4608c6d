"""The current user: cookie, session row, user. quart-auth signs the token; the row decides whether it is active."""

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from quart import Quart, Websocket, g, websocket
from quart_auth import Action, AuthUser, QuartAuth
from quart_auth import current_user as quart_auths_current_user

from quart_auth_app import clock
from quart_auth_app.accounts import sessions
from quart_auth_app.database.errors import DatabaseAway
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.instance import SettingsError
from quart_auth_app.models import User
from quart_auth_app.settings import Settings
from quart_auth_app.web.edge.asking import access_key, asking
from quart_auth_app.web.identity.access_keys import found_by_key
from quart_auth_app.web.identity.cookies import cookie_name
from quart_auth_app.web.identity.signatures import PatientSerializer
from quart_auth_app.web.services import services, transaction

WATCH_EVERY = 60
"""Seconds between two look-ups of an open WebSocket's session."""

POLICY_VIOLATION = 1008
"""The code that a WebSocket is closed with when its session has ended (RFC 6455, 7.4.1)."""

if TYPE_CHECKING:
    _Columns = User  # editors and mypy know the columns of current_user by it
else:
    _Columns = object


class CurrentUser(AuthUser, _Columns):
    """quart-auth's user, who counts as logged in only if the session is in the database.

    `id`, `email`, `name` and every other column of `User` are attributes with the stored values; they need no await. A
    new column of `User` becomes an attribute by itself.
    """

    def __init__(self, auth_id: str | None, action: Action = Action.PASS) -> None:
        super().__init__(auth_id, action)
        self.found: sessions.Found | None = None
        """The session's row and the user's; None if nobody is logged in."""
        self._looked_up = auth_id is None
        self.look_up_failure: Exception | None = None

    @property
    async def is_authenticated(self) -> bool:
        """Whether the cookie's session is active. Looked up once for each request; a failure is raised each time."""
        if self._auth_id is not None and not self._looked_up:
            self._looked_up = True
            try:
                self.found = await _find_session(self._auth_id)
            except Exception as error:
                self.look_up_failure = error
        if self.look_up_failure:
            raise self.look_up_failure
        return self.found is not None

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            # Python calls this only for attributes that are not set. `found` itself is not set during __init__.
            found = self.__dict__.get("found")
            if found is None or name not in found.user:
                raise AttributeError(name if found else f"nobody is logged in, so there is no {name}")
            return found.user[name]


current_user = cast(CurrentUser, quart_auths_current_user)
"""quart-auth's proxy, typed as our CurrentUser."""


def current_found() -> sessions.Found:
    """Return the session and the user of this request; only after login_required or sudo_required."""
    assert current_user.found  # noqa: S101  # calling it elsewhere is a bug
    return current_user.found


def own_number() -> str:
    """Return the user's number as text, "" if nobody is logged in."""
    return str(current_user.found.user["id"]) if current_user.found else ""


async def _find_session(token: str) -> sessions.Found | None:
    now = clock.now()
    found = await sessions.by_token(services().database.look_up, token=token, now=now)
    if found and sessions.is_stale(found.session["last_seen_at"], now):
        with suppress(DatabaseAway):  # a stale last_seen_at is better than a failed page
            async with transaction() as db:
                await sessions.touch(db, session_id=found.session["id"], now=now)
    return found


class _Tokens(PatientSerializer):
    """quart-auth's signature, with leeway for clocks."""

    def __init__(self, keys: Sequence[str], salt: str) -> None:
        super().__init__(keys, salt, signer_kwargs={"digest_method": hashlib.sha512})


class Auth(QuartAuth):
    """quart-auth with our user, with leeway for clocks, and without its synchronous hook."""

    user_class = CurrentUser
    serializer_class = _Tokens  # type: ignore[assignment]  # quart-auth's type for it is private

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
    app.before_request(partial(_look_up, cookie_name("log-in", settings)))
    app.before_websocket(partial(_look_up, cookie_name("log-in", settings)))
    app.before_websocket(_watch)
    app.teardown_websocket(_stop_watching)


async def _watch() -> None:
    # A WebSocket may stay open for days. It must close when its session ends: by log-out, a new password, or time.
    if await current_user.is_authenticated and isinstance(token := current_user.auth_id, str):
        socket = cast(Any, websocket)._get_current_object()
        g.watch = asyncio.ensure_future(_close_with_session(socket, services().database, token))


async def _close_with_session(socket: Websocket, database: Database, token: str) -> None:
    while True:
        await asyncio.sleep(WATCH_EVERY)
        with suppress(DatabaseAway):
            if not await sessions.by_token(database.look_up, token=token, now=clock.now()):
                await socket.close(POLICY_VIOLATION)
                return


async def _stop_watching(_error: BaseException | None) -> None:
    if "watch" in g:
        g.watch.cancel()


async def _look_up(cookie: str) -> None:
    # So current_user.name works in any route without an await. Static files need no user. If the database fails here,
    # a route that needs the user raises the error itself.
    if (key := access_key()) is not None:
        current_user.found = await found_by_key(key)
    elif cookie in asking().cookies and asking().endpoint != "static":
        with suppress(DatabaseAway):
            await current_user.is_authenticated
