"""The current user: cookie, session row, user. quart-auth signs the token; the row decides whether it is active."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from quart_auth import Action, AuthUser
from quart_auth import current_user as quart_auths_current_user

from quart_auth_app import clock
from quart_auth_app.accounts import sessions
from quart_auth_app.database.errors import DatabaseAway
from quart_auth_app.models import User
from quart_auth_app.web.services import services, transaction

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
