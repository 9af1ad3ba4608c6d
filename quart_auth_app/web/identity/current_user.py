"""Who is asking: cookie, session row, user. quart-auth carries the signed token; the row decides whether it counts."""

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
"""Seconds after which an open WebSocket's session is looked up again."""

POLICY_VIOLATION = 1008
"""The code that a WebSocket is closed with when its session has ended (RFC 6455, 7.4.1)."""

if TYPE_CHECKING:
    _Columns = User  # so that editors and mypy know the columns of current_user
else:
    _Columns = object


class CurrentUser(AuthUser, _Columns):
    """quart-auth's user, believed only when its session is in the database.

    `id`, `email`, `name` and every other column of `User` are the stored values; they need no await. A column that is
    added to `User` is an attribute here without another line.
    """

    def __init__(self, auth_id: str | None, action: Action = Action.PASS) -> None:
        super().__init__(auth_id, action)
        self.found: sessions.Found | None = None
        """The session's row and the user's; None for a stranger."""
        self._looked_up = auth_id is None
        self.look_up_failure: Exception | None = None

    @property
    async def is_authenticated(self) -> bool:
        """Whether the cookie's session is active. Looked up once a request; a failure is raised again each time."""
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
            # Only asked for what is not set otherwise. `found` itself is missing while an instance is being made.
            found = self.__dict__.get("found")
            if found is None or name not in found.user:
                raise AttributeError(name if found else f"nobody is logged in, so there is no {name}")
            return found.user[name]


current_user = cast(CurrentUser, quart_auths_current_user)
"""quart-auth's own proxy, with the type that it has here."""


def current_found() -> sessions.Found:
    """Return the session and the user of who is asking, where a log-in has been required."""
    assert current_user.found  # noqa: S101  # without login_required or sudo_required before it, it is a bug
    return current_user.found


def own_number() -> str:
    """Return the number of who is logged in, "" for a stranger."""
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
    """Signs as quart-auth does."""

    def __init__(self, keys: Sequence[str], salt: str) -> None:
        super().__init__(keys, salt, signer_kwargs={"digest_method": hashlib.sha512})


class Auth(QuartAuth):
    """quart-auth with our user, with leeway for clocks, and without its synchronous hook."""

    user_class = CurrentUser
    serializer_class = _Tokens  # type: ignore[assignment]  # the type that is asked for is private to quart-auth

    async def _template_context(self) -> dict[str, Any]:  # type: ignore[override]  # Quart awaits either kind
        # quart-auth's own is not async, so that each page would cross into a thread and back: a third of its time.
        # A page that shows no more than the navigation serves its visitors even when the database is away.
        user = self.load_user()
        failed = isinstance(user, CurrentUser) and user.look_up_failure
        return {"current_user": CurrentUser(None) if failed else user}


class _Managers(list[QuartAuth]):
    """quart-auth's managers of an application. It takes no other one for `current_user` than ours."""

    def append(self, manager: QuartAuth) -> None:
        if manager.singleton:
            insist_on_room(self)
        super().append(manager)


def insist_on_room(managers: list[QuartAuth]) -> None:
    """Raise SettingsError where one of these is for `current_user` already."""
    # quart-auth allows two. The first would be current_user, and each would send the other's log-in in its own cookie.
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
        # How long quart-auth believes any token, and a remembered cookie's life; the row may end it sooner.
        QUART_AUTH_DURATION=int(sessions.REMEMBERED_ABSOLUTE / timedelta(seconds=1)),
    )
    app.extensions["QUART_AUTH"] = _Managers(app.extensions.get("QUART_AUTH", []))
    Auth(app)
    app.before_request(partial(_look_up, cookie_name("log-in", settings)))
    app.before_websocket(partial(_look_up, cookie_name("log-in", settings)))
    app.before_websocket(_watch)
    app.teardown_websocket(_stop_watching)


async def _watch() -> None:
    # A socket may stay open for days. It has to end when the session does: log-out, a new password, time.
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
    # So that current_user.name works in any route without an await; a static file is for everybody. A route that needs
    # to know who is asking meets the database's failure itself.
    if (key := access_key()) is not None:
        current_user.found = await found_by_key(key)
    elif cookie in asking().cookies and asking().endpoint != "static":
        with suppress(DatabaseAway):
            await current_user.is_authenticated
