"""How a refusal is answered: its status, its event in the security log, and its page if no form shows it."""

from collections.abc import Mapping
from http import HTTPStatus

from quart import Response, has_websocket_context, render_template

from quart_auth_app.accounts.access_keys import KeyNotEnough, KeyRefused
from quart_auth_app.accounts.credentials.passkey_answers import PasskeyRefused
from quart_auth_app.accounts.credentials.second_step import AppUnreadable, WrongCode
from quart_auth_app.accounts.errors import AccountError, TooBusy, TooManyAttempts, TryLater, WrongDetails
from quart_auth_app.accounts.logging_in.mailed_log_in import WrongLogInCode
from quart_auth_app.accounts.provider_errors import ProviderRefused
from quart_auth_app.accounts.roles import RoleMissing, StrongLogInRequired
from quart_auth_app.web.edge.asking import asking, wants_json
from quart_auth_app.web.language import translated
from quart_auth_app.web.problems import problem, title_of
from quart_auth_app.web.sentences import sentence as sentence_of
from quart_auth_app.web.telemetry import security_log

STATUSES = {
    "AddressMissing": HTTPStatus.FORBIDDEN,
    "AddressNotVerified": HTTPStatus.FORBIDDEN,
    "AccountError": HTTPStatus.UNPROCESSABLE_ENTITY,
    "AlreadyConfirmed": HTTPStatus.CONFLICT,
    "ConnectFirst": HTTPStatus.CONFLICT,
    "CookiesBlocked": HTTPStatus.BAD_REQUEST,
    "EmailTaken": HTTPStatus.CONFLICT,
    "IdentityTaken": HTTPStatus.CONFLICT,
    "LinkInvalid": HTTPStatus.GONE,
    "LinkUsed": HTTPStatus.GONE,
    "MadeForAnother": HTTPStatus.CONFLICT,
    "NoEmailChange": HTTPStatus.CONFLICT,
    "NoSuchAccessKey": HTTPStatus.NOT_FOUND,
    "NoSuchIdentity": HTTPStatus.NOT_FOUND,
    "NoSuchMail": HTTPStatus.NOT_FOUND,
    "NoPendingLogIn": HTTPStatus.UNAUTHORIZED,
    "NoSuchPasskey": HTTPStatus.NOT_FOUND,
    "NoSuchSession": HTTPStatus.NOT_FOUND,
    "NoSuchUser": HTTPStatus.NOT_FOUND,
    "JsonInvalid": HTTPStatus.BAD_REQUEST,
    "KeyNotEnough": HTTPStatus.FORBIDDEN,
    "KeyRefused": HTTPStatus.UNAUTHORIZED,
    "LastAdmin": HTTPStatus.CONFLICT,
    "LastWayIn": HTTPStatus.CONFLICT,
    "NoWayBack": HTTPStatus.CONFLICT,
    "OwnFieldTaken": HTTPStatus.CONFLICT,
    "PasskeyKnown": HTTPStatus.CONFLICT,
    "PasskeyRefused": HTTPStatus.UNAUTHORIZED,
    "ProviderConnected": HTTPStatus.CONFLICT,
    "ProviderRefused": HTTPStatus.UNAUTHORIZED,
    "RoleMissing": HTTPStatus.FORBIDDEN,
    "SessionRevoked": HTTPStatus.UNAUTHORIZED,
    "SignUpClosed": HTTPStatus.FORBIDDEN,
    "SignUpUnfinished": HTTPStatus.CONFLICT,
    "StillReferredTo": HTTPStatus.CONFLICT,
    "StrongLogInRequired": HTTPStatus.FORBIDDEN,
    "SudoRequired": HTTPStatus.FORBIDDEN,
    "TooManyAttempts": HTTPStatus.TOO_MANY_REQUESTS,
    "TryLater": HTTPStatus.SERVICE_UNAVAILABLE,
    "WrongCode": HTTPStatus.UNAUTHORIZED,
    "WrongType": HTTPStatus.BAD_REQUEST,
    "WrongDetails": HTTPStatus.UNAUTHORIZED,
    "WrongLogInCode": HTTPStatus.UNAUTHORIZED,
    "WrongPassword": HTTPStatus.FORBIDDEN,
}
"""Statuses by code; an error that is not listed has the status of its parent class."""


HAVE_AN_EVENT = {
    AppUnreadable,
    KeyNotEnough,
    KeyRefused,
    WrongDetails,
    WrongCode,
    WrongLogInCode,
    RoleMissing,
    StrongLogInRequired,
}
"""Errors with an event of their own, which is written where they are raised; like those of refused passkeys."""


def status_of(error: AccountError) -> int:
    """Return the HTTP status for this error."""
    return next(STATUSES[each.__name__] for each in type(error).__mro__ if each.__name__ in STATUSES)


def log_refusal(error: AccountError) -> None:
    """Write the refusal to the security log, and mark the request as refused: most answers are just redirects."""
    asking().scope["refused"] = True  # type: ignore[typeddict-unknown-key]  # a key of our own
    if isinstance(error, TooManyAttempts):
        security_log.write("throttled", retry_after=error.retry_after)
    elif isinstance(error, TooBusy):
        security_log.write("busy")
    elif type(error) not in HAVE_AN_EVENT and not isinstance(error, PasskeyRefused | ProviderRefused):
        security_log.write("input_refused", reason=error.code)


def status_of_code(code: str) -> int:
    """Return the status for the code of a refusal."""
    return STATUSES.get(code, STATUSES["AccountError"])


async def refusal(error: AccountError) -> Response:
    """Return the answer to a request that was refused and has no form to go back to."""
    status, sentence = status_of(error), sentence_of(error)
    response = await error_page(status, sentence, code=error.code, field=error.field, values=error.values)
    if isinstance(error, TryLater):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, KeyRefused):
        response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'  # RFC 6750, 3.1
    return response


async def error_page(
    status: int,
    sentence: str,
    *,
    code: str,
    field: str | None = None,
    values: Mapping[str, object] | None = None,
    back: str | None = None,
) -> Response:
    """Return an error page in the site's look, or JSON. For a WebSocket: the status alone.

    The page leads `back` to the page with the form, if there is one.
    """
    if has_websocket_context():
        return Response(status=status)
    if wants_json():
        return problem(status, sentence, code=code, field=field, values=values)
    texts = {"title": translated(title_of(status)), "sentence": translated(sentence)}
    return Response(await render_template("error.html", status=status, back=back, **texts), status)
