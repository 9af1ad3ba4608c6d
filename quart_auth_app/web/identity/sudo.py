"""Asks for a proof again, usually the password, before something that can't be undone easily.

The server stores nothing between the question and the answer: the page that asks contains the form that was sent, and
sends it again to the same URL, with the password. So browser tabs don't mix up, nothing expires, and a thief of a
session can't leave an act behind that the owner's next proof would carry out.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import wraps
from typing import ParamSpec

from quart import Response, current_app, has_websocket_context, redirect, request, url_for
from quart.typing import ResponseReturnValue
from quart_auth import Unauthorized, login_user, logout_user

from quart_auth_app import clock
from quart_auth_app.accounts import sudo
from quart_auth_app.accounts.access_keys import KeyNotEnough
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.credentials.passkey_answers import PasskeyRefused
from quart_auth_app.accounts.errors import SessionRevoked, TryLater
from quart_auth_app.accounts.sessions import Renewed
from quart_auth_app.accounts.sudo_errors import SudoRequired, WrongPassword, WrongSudoCode
from quart_auth_app.web.edge.asking import wants_json
from quart_auth_app.web.edge.same_origin import SAFE_METHODS
from quart_auth_app.web.forms import made_for, next_page
from quart_auth_app.web.forms.fields import InvalidForm, read_fields
from quart_auth_app.web.forms.flashes import flash_one
from quart_auth_app.web.forms.second_click import form_key
from quart_auth_app.web.identity import providers, sudo_page
from quart_auth_app.web.identity.access_keys import is_key
from quart_auth_app.web.identity.browser import this_browser
from quart_auth_app.web.identity.current_user import CurrentUser, current_found, current_user
from quart_auth_app.web.identity.passkeys import prove_with_passkey
from quart_auth_app.web.refusals import log_refusal, refusal
from quart_auth_app.web.sentences import sentence
from quart_auth_app.web.services import passwords, services, transaction
from quart_auth_app.web.telemetry import security_log

PROOFS = {"sudo_password", "sudo_credential", "sudo_provider"}
"""Fields of the page that asks. If one is sent, the request is an answer to that page."""

P = ParamSpec("P")
Handler = Callable[P, Awaitable[ResponseReturnValue]]
View = Handler[P] | Callable[P, ResponseReturnValue]


def sudo_required(act: str) -> Callable[[View[P]], Handler[P]]:
    """Allow a route only within 10 minutes after a proof of who the user is; otherwise ask for the password.

    `act` tells the person what they are about to do, such as `"Delete your account"`. In it, `{name}` stands for the
    form's field or the route's argument of this name. People who are not logged in are sent to the log-in page. For a
    WebSocket the answers are 401 and 403.

    The page that asks sends the form again, without fields whose name ends in `password`. Files can't be sent again: a
    form with files is dropped, and after the proof the person is led back to it.
    """

    def around(view: View[P]) -> Handler[P]:
        @wraps(view)
        async def handler(*arguments: P.args, **named: P.kwargs) -> ResponseReturnValue:
            await _insist_on_a_person()
            await made_for.check()  # a site's own route has no hook for it
            if not _is_fresh():
                if PROOFS.isdisjoint(await request.form) or request.method in SAFE_METHODS:
                    return await sudo_page.ask(act)
                try:
                    if "sudo_provider" in await request.form:
                        return await _go_to_provider(act)
                    await _prove()
                except SessionRevoked as error:
                    return await log_in_again(error)
                except (WrongPassword, WrongSudoCode, PasskeyRefused, InvalidForm, TryLater) as error:
                    return await sudo_page.ask(act, error)
            act_on: Handler[P] = current_app.ensure_async(view)
            return await act_on(*arguments, **named)

        return handler

    return around


async def _insist_on_a_person() -> None:
    if not await current_user.is_authenticated:
        raise Unauthorized
    if is_key(current_found()):
        security_log.write("access_key_refused", reason="not enough", user=current_user.id)
        raise KeyNotEnough
    if has_websocket_context() and not _is_fresh():  # there is no page that could ask
        raise SudoRequired


def _is_fresh() -> bool:
    return sudo.is_fresh(current_found().session, now=clock.now())


async def _prove() -> None:
    found = current_found()
    if "sudo_credential" in await request.form:
        renewed = await prove_with_passkey((await read_fields("sudo_credential"))["sudo_credential"])
    else:
        renewed = await _prove_with_password()
    await go_on_with(renewed.token, remember=found.session["remember"])


async def _prove_with_password() -> Renewed:
    code = "sudo_code" in await request.form
    given = await read_fields("sudo_password", *(["sudo_code"] if code else []))
    return await sudo.prove(
        transaction,
        passwords(),
        services().keys,
        found=current_found(),
        password=given["sudo_password"],
        code=given.get("sudo_code"),
        browser=await _sending_browser(),
        now=clock.now(),
    )


async def _sending_browser() -> Browser:
    return replace(this_browser(), form=await form_key(f"sudo of {current_user.id}"))


async def _go_to_provider(act: str) -> Response:
    # The code comes first: after the way to the provider and back no form asks for it.
    name, found = (await read_fields("sudo_provider"))["sudo_provider"], current_found()
    providers.configured(name)
    code = (await read_fields("sudo_code"))["sudo_code"] if "sudo_code" in await request.form else None
    browser = await _sending_browser()
    await sudo.check_code(transaction, services().keys, found=found, code=code, browser=browser, now=clock.now())
    suspended = {"act": await sudo_page.named(act), "action": next_page.here(), "fields": await sudo_page.received()}
    return await providers.go(name, providers.SUDO, suspended=suspended)


async def go_on_with(token: str, *, remember: bool) -> None:
    """Give the browser its session's new token, which is used from now on, also in this request."""
    login_user(CurrentUser(token), remember=remember)
    await current_user.is_authenticated


async def log_in_again(error: SessionRevoked) -> ResponseReturnValue:
    """Redirect to the log-in page, because this session has ended."""
    log_refusal(error)
    security_log.write("sessions_revoked", user=current_user.id)
    logout_user()
    if wants_json():
        return await refusal(error)
    await flash_one(sentence(error), error.code)
    return redirect(url_for("auth.login", next=next_page.after_log_in()))
