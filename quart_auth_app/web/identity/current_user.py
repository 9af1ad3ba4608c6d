"""Who is asking: cookie, session row, user. quart-auth carries the signed token; the row decides whether it counts."""

from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, cast

from quart import Quart, after_this_request, request
from quart.typing import ResponseTypes
from quart_auth import Action, AuthUser, QuartAuth, current_user, login_user, logout_user
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app import clock
from quart_auth_app.accounts import sessions
from quart_auth_app.database.units_of_work import DatabaseAway
from quart_auth_app.models import User
from quart_auth_app.settings import Settings
from quart_auth_app.web.edge.client import client_address
from quart_auth_app.web.identity.cookies import cookie_name
from quart_auth_app.web.identity.device_cookie import remember_device
from quart_auth_app.web.services import services, transaction
from quart_auth_app.web.telemetry import security_log


class CurrentUser(AuthUser):
    """quart-auth's user, believed only when its session is in the database.

    `id`, `email`, `name` and `password` are the stored values; they need no await.
    """

    def __init__(self, auth_id: str | None, action: Action = Action.PASS) -> None:
        super().__init__(auth_id, action)
        self._row: sessions.Found | None = None
        self._looked_up = auth_id is None
        self.look_up_failure: Exception | None = None

    @property
    async def is_authenticated(self) -> bool:
        """Whether the cookie's session is alive. Looked up once a request; what fails then fails each time."""
        if self._auth_id is not None and not self._looked_up:
            self._looked_up = True
            try:
                self._row = await _find_session(self._auth_id)
            except Exception as error:
                self.look_up_failure = error
        if self.look_up_failure:
            raise self.look_up_failure
        return self._row is not None

    def _stored(self, column: str) -> Any:
        if self._row is None:
            raise AttributeError("nobody is logged in")
        return getattr(self._row, column)

    @property
    def id(self) -> int:
        """The user's number."""
        return cast(int, self._stored("id"))

    @property
    def email(self) -> str:
        """The user's address."""
        return cast(str, self._stored("email"))

    @property
    def name(self) -> str:
        """The user's name."""
        return cast(str, self._stored("name"))

    @property
    def password(self) -> str:
        """The hash of the user's password."""
        return cast(str, self._stored("password"))


async def _find_session(token: str) -> sessions.Found | None:
    now = clock.now()
    row = await sessions.find(services().database.look_up, token=token, now=now)
    if row and sessions.is_stale(row.last_seen_at, now):
        with suppress(DatabaseAway):  # a page is worth more than the note that it was read
            async with transaction() as unit:
                await sessions.touch(unit, session_id=row.session_id, now=now)
    return row


class Auth(QuartAuth):
    """quart-auth with our user, and without its synchronous hook."""

    user_class = CurrentUser

    async def _template_context(self) -> dict[str, Any]:  # type: ignore[override]  # Quart awaits either kind
        # quart-auth's own is not async, so each page would cross into a thread and back: a third of its time.
        # A page that shows no more than the navigation serves its visitors even when the database is away.
        user = self.load_user()
        failed = isinstance(user, CurrentUser) and user.look_up_failure
        return {"current_user": CurrentUser(None) if failed else user}


def init_app(app: Quart, settings: Settings) -> None:
    """Put quart-auth into the application."""
    app.config.update(
        QUART_AUTH_COOKIE_NAME=cookie_name("log-in", settings),
        QUART_AUTH_COOKIE_SECURE=settings.https,
        # How long quart-auth believes any token, and a remembered cookie's life; the row may end it sooner.
        QUART_AUTH_DURATION=int(sessions.REMEMBERED_ABSOLUTE / timedelta(seconds=1)),
    )
    Auth(app)
    app.before_request(partial(_look_up, cookie_name("log-in", settings)))


async def _look_up(cookie: str) -> None:
    # So that current_user.name works in any route without an await; a static file is for everybody. A route that needs
    # to know who is asking meets the database's failure itself.
    if cookie in request.cookies and request.endpoint != "static":
        with suppress(DatabaseAway):
            await current_user.is_authenticated


class NewSession:
    """The session that a log-in starts: first it is stored, and only when it is stored for good the cookie leaves."""

    def __init__(self, *, remember: bool) -> None:
        self._remember = remember
        self._token: str | None = None

    async def store(self, db: AsyncSession, user: User) -> None:
        """Start it for `user`, ending the one that the browser had."""
        self._token = await sessions.start(
            db,
            user=user,
            remember=self._remember,
            address=client_address(),
            user_agent=request.user_agent.string,
            now=clock.now(),
            replaces=current_user.auth_id,
        )

    def hand_over(self, user: User) -> bool:
        """Give it to the browser.

        False if the account was closed, or its password changed, while this one was being verified.
        """
        if self._token is None:
            return False
        login_user(CurrentUser(self._token), remember=self._remember)
        remember_device(user.email)
        security_log.write("log_in", user=user.id)
        return True


async def log_in(user: User, *, remember: bool) -> bool:
    """Log in somebody who has proved who they are. What is returned means what `NewSession.hand_over` says."""
    new_session = NewSession(remember=remember)
    async with transaction() as db:
        await new_session.store(db, user)
    return new_session.hand_over(user)


async def log_out() -> None:
    """End the session, in the database first and then in the browser."""
    async with transaction() as db:
        await sessions.end(db, token=current_user.auth_id or "")
    security_log.write("log_out", user=current_user.id)  # type: ignore[attr-defined]  # CurrentUser, to us
    logout_user()
    after_this_request(_clear_site_data)


async def _clear_site_data(response: ResponseTypes) -> ResponseTypes:
    # Cookies stay: the device cookie is for the next log-in.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response
