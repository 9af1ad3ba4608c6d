"""Asking once more who it is, before something that can't be undone easily.

Nothing is kept on the server between the question and the answer: the page that asks holds what was sent, and sends it
to the same address again, with the password. So tabs don't get into each other's way, nothing expires, and nobody who
has stolen a session can leave something behind that the owner's next answer would carry out.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec

from quart import Response, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from quart_auth import Unauthorized, login_user, logout_user

from quart_auth_app import clock
from quart_auth_app.accounts import sudo
from quart_auth_app.accounts.errors import AccountError, TryLater
from quart_auth_app.accounts.sudo import SessionRevoked, SudoRequired, WrongPassword
from quart_auth_app.web.edge.asking import wants_json
from quart_auth_app.web.edge.same_origin import SAFE_METHODS
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.fields import InvalidForm, is_secret, read_fields
from quart_auth_app.web.forms.flashes import flash_one
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import CurrentUser, current_found, current_user
from quart_auth_app.web.refusals import note, refusal, status_of
from quart_auth_app.web.sentences import filled, sentence
from quart_auth_app.web.services import passwords, transaction
from quart_auth_app.web.telemetry import security_log

ASKS = 403
"""The status of the page that asks for the password: what was asked for is not allowed yet."""

P = ParamSpec("P")
View = Callable[P, Awaitable[ResponseReturnValue]]


def sudo_required(act: str) -> Callable[[View[P]], View[P]]:
    """Let only those through who have proved within 10 minutes who they are; ask all others for their password.

    `act` says to the person what they are about to do, such as `"Delete your account"`. In it, `{name}` stands for the
    form's field or the route's argument of this name. Who is not logged in is sent to log in.
    """

    def around(view: View[P]) -> View[P]:
        @wraps(view)
        async def handler(*arguments: P.args, **named: P.kwargs) -> ResponseReturnValue:
            if not await current_user.is_authenticated:
                raise Unauthorized
            if not _is_fresh():
                if "sudo_password" not in await request.form or request.method in SAFE_METHODS:
                    return await _ask(act)
                try:
                    await _prove()
                except SessionRevoked as error:
                    return await log_in_again(error)
                except (WrongPassword, InvalidForm, TryLater) as error:
                    return await _ask(act, error)
            return await view(*arguments, **named)

        return handler

    return around


def _is_fresh() -> bool:
    return sudo.is_fresh(current_found().session, now=clock.now())


async def _prove() -> None:
    given = await read_fields("sudo_password")
    found = current_found()
    renewed = await sudo.prove(
        transaction, passwords(), found=found, password=given["sudo_password"], browser=this_browser(), now=clock.now()
    )
    await go_on_with(renewed.token, remember=found.session["remember"])


async def go_on_with(token: str, *, remember: bool) -> None:
    """Hand the browser its session's new token, which counts from now on, in this request too."""
    login_user(CurrentUser(token), remember=remember)
    await current_user.is_authenticated


async def _ask(act: str, error: AccountError | None = None) -> Response:
    """Return a page that names the act and asks for the password. In JSON: the refusal alone."""
    if error:
        note(error)
    if wants_json():
        return await refusal(error or SudoRequired())
    if request.method in SAFE_METHODS:
        action, fields = url_for("account.sudo"), {"next": [next_page.asked_for() or ""]}
    else:
        action, fields = next_page.here() or "", await _received()
    known = {name: values[0] for name, values in fields.items()} | (request.view_args or {})
    page = await render_template(
        "account/sudo.html",
        act=filled(act, defaultdict(str, known)),
        action=action,
        fields=fields,
        error=error and sentence(error),
        email=current_user.email,
    )
    response = Response(page, status_of(error) if isinstance(error, TryLater) else ASKS)
    if isinstance(error, TryLater):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


async def _received() -> dict[str, list[str]]:
    form = await request.form
    return {name: form.getlist(name) for name in form if not is_secret(name)}


async def log_in_again(error: SessionRevoked) -> ResponseReturnValue:
    """Send the person to the log-in page, as this session has ended."""
    note(error)
    security_log.write("sessions_revoked", user=current_user.id)
    logout_user()
    if wants_json():
        return await refusal(error)
    await flash_one(sentence(error), error.code)
    return redirect(url_for("auth.login", next=next_page.allowed(next_page.asked_for())))
