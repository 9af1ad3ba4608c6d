"""Pages for users with a certain role."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec

from quart.typing import ResponseReturnValue
from quart_auth import Unauthorized

from quart_auth_app.accounts import roles
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.roles import RoleMissing, StrongLogInRequired
from quart_auth_app.web.identity.current_user import current_found, current_user
from quart_auth_app.web.services import services
from quart_auth_app.web.telemetry import security_log

P = ParamSpec("P")
View = Callable[P, Awaitable[ResponseReturnValue]]


def role_required(role: str) -> Callable[[View[P]], View[P]]:
    """Allow a route only for users with the role: `admin`, one of the setting ROLES, or `user`, which everybody has.

    People who are not logged in are sent to the log-in page, all others get 403. An admin must have logged in with a
    second step or a passkey, unless ADMIN_SECOND_STEP is `optional`. Raises LookupError if there is no such role.
    """

    def around(view: View[P]) -> View[P]:
        @wraps(view)
        async def handler(*arguments: P.args, **named: P.kwargs) -> ResponseReturnValue:
            if role not in services().settings.all_roles:
                raise LookupError(f"there is no role {role!r}; the setting ROLES names a site's own")
            if not await current_user.is_authenticated:
                raise Unauthorized
            _insist(role)
            return await view(*arguments, **named)

        return handler

    return around


def _insist(role: str) -> None:
    found = current_found()
    error: AccountError | None = None
    if not roles.may(found.user, role):
        error = RoleMissing()
    elif role == roles.ADMIN and services().settings.admin_second_step and not roles.is_strong(found.session):
        error = StrongLogInRequired()
    if error:
        security_log.write("role_missing", user=found.user["id"], role=role)
        raise error
