"""What a refusal looks like from outside: its status, its event, and its page where no form shows it."""

import json
from http import HTTPStatus

from quart import Response, has_websocket_context, render_template

from quart_auth_app.accounts.errors import AccountError, TooBusy, TooManyAttempts, TryLater, WrongDetails
from quart_auth_app.accounts.second_step import WrongCode
from quart_auth_app.web.edge.asking import PROBLEM, wants_json
from quart_auth_app.web.sentences import sentence as sentence_of
from quart_auth_app.web.telemetry import security_log

STATUSES = {
    "AccountError": HTTPStatus.UNPROCESSABLE_ENTITY,
    "AlreadyConfirmed": HTTPStatus.CONFLICT,
    "EmailTaken": HTTPStatus.CONFLICT,
    "LinkInvalid": HTTPStatus.GONE,
    "LinkUsed": HTTPStatus.GONE,
    "NoSuchMail": HTTPStatus.NOT_FOUND,
    "NoPendingLogIn": HTTPStatus.UNAUTHORIZED,
    "NoSuchSession": HTTPStatus.NOT_FOUND,
    "NoSuchUser": HTTPStatus.NOT_FOUND,
    "SessionRevoked": HTTPStatus.UNAUTHORIZED,
    "SignUpClosed": HTTPStatus.FORBIDDEN,
    "SudoRequired": HTTPStatus.FORBIDDEN,
    "TooManyAttempts": HTTPStatus.TOO_MANY_REQUESTS,
    "TryLater": HTTPStatus.SERVICE_UNAVAILABLE,
    "WrongCode": HTTPStatus.UNAUTHORIZED,
    "WrongDetails": HTTPStatus.UNAUTHORIZED,
    "WrongPassword": HTTPStatus.FORBIDDEN,
}
"""By code; an error without a status of its own has its parent's."""


def status_of(error: AccountError) -> int:
    """Return the status of an answer that is only about this error."""
    return next(STATUSES[each.__name__] for each in type(error).__mro__ if each.__name__ in STATUSES)


def note(error: AccountError) -> None:
    """Write the refusal into the security log."""
    if isinstance(error, TooManyAttempts):
        security_log.write("throttled", retry_after=error.retry_after)
    elif isinstance(error, TooBusy):
        security_log.write("busy")
    elif type(error) not in {WrongDetails, WrongCode}:  # a failed log-in has an event of its own
        security_log.write("input_refused", reason=error.code)


def problem(status: int, sentence: str, *, code: str, field: str | None = None) -> Response:
    """Return what went wrong as JSON (RFC 9457). `code` is the error's name, which never changes."""
    said = {"title": HTTPStatus(status).phrase, "status": status, "detail": sentence, "code": code, "field": field}
    body = json.dumps({name: value for name, value in said.items() if value not in {None, ""}})
    return Response(body, status, content_type=PROBLEM)


async def refusal(error: AccountError) -> Response:
    """Return the answer to a request that was refused and has no form to go back to."""
    status, sentence = status_of(error), sentence_of(error)
    response = await error_page(status, sentence, code=error.code, field=error.field)
    if isinstance(error, TryLater):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


async def error_page(status: int, sentence: str, *, code: str, field: str | None = None) -> Response:
    """Return a page in the site's look that says what went wrong, or JSON. For a WebSocket: the status alone."""
    if has_websocket_context():
        return Response(status=status)
    if wants_json():
        return problem(status, sentence, code=code, field=field)
    return Response(await render_template("error.html", title=HTTPStatus(status).phrase, sentence=sentence), status)
