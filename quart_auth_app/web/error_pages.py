"""Pages for requests that fail without a form that shows why. They reveal no internals."""

from http import HTTPStatus
from typing import Any

from quart import Quart, Response, current_app, has_websocket_context, redirect, request, session, url_for
from quart.typing import ResponseReturnValue
from quart_auth import Unauthorized
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed, default_exceptions

from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.database.errors import DatabaseAway
from quart_auth_app.web.edge.asking import wants_json
from quart_auth_app.web.edge.destinations import page_of_form
from quart_auth_app.web.edge.same_origin import SAFE_METHODS
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.flashes import flash_one
from quart_auth_app.web.problems import problem
from quart_auth_app.web.refusals import error_page, log_refusal, refusal
from quart_auth_app.web.sentences.outcomes import PLEASE_LOG_IN
from quart_auth_app.web.sentences.refusals import BUSY
from quart_auth_app.web.telemetry import security_log

SENTENCES = {
    400: "The browser sent something that could not be read.",
    403: "This page is not for you.",
    404: "There is no page at this address.",
    405: "This page can't be used in that way.",
    408: "The browser took too long to send its request.",
    415: "This page takes forms, and objects of JSON.",
    413: "The browser sent more than this page takes.",
    500: "Something went wrong on our side. Nothing of what you sent was kept.",
    503: BUSY,
}

NO_PAGE = "There is no page at this address: it takes only what a form sends. Nothing was changed."
"""For 405 where a person has opened the address of a form, as by a bookmark."""

DATABASE_RETRY_AFTER = 5
"""Seconds after which a locked database is usually free again."""


def init_app(app: Quart) -> None:
    """Register the pages."""
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(Unauthorized, ask_to_log_in)
    app.register_error_handler(AccountError, show_refusal)
    app.register_error_handler(DatabaseAway, show_database_away)


def join(app: Quart) -> None:
    """In another application, handle only the errors that we raise, unless it handles them; its error pages stay."""
    taken = {kind for by_code in app.error_handler_spec[None].values() for kind in by_code}
    handlers: dict[type[Exception], Any] = {
        Unauthorized: ask_to_log_in,
        AccountError: show_refusal,
        DatabaseAway: show_database_away,
    }
    for kind in handlers.keys() - taken:
        app.register_error_handler(kind, handlers[kind])


async def show_http_error(error: HTTPException) -> Response:
    """Answer with the page for this status."""
    if error.code == InternalServerError.code:
        security_log.write("error")
    status = error.code or InternalServerError.code
    sentence, back = _said_by_the_site(error) or SENTENCES.get(status, ""), None
    if isinstance(error, MethodNotAllowed) and _is_opened_as_page():
        sentence, back = NO_PAGE, page_of_form(next_page.here() or "")
    response = await error_page(status, sentence, code=_code(status), back=back)
    # Keep headers such as Allow and Retry-After; the content type is that of our page.
    response.headers.update({name: value for name, value in error.get_headers() if name != "Content-Type"})
    return response


def _is_opened_as_page() -> bool:
    if has_websocket_context() or wants_json():
        return False
    # Without an exception of the router's the address has a page, whose view raises 405 itself.
    return request.method in SAFE_METHODS and request.routing_exception is not None


def _said_by_the_site(error: HTTPException) -> str:
    # `abort(404, "That dish is sold out.")`; werkzeug's own descriptions are not in plain English.
    usual = default_exceptions[error.code].description if error.code in default_exceptions else None
    return "" if error.description == usual else str(error.description or "")


def _code(status: int) -> str:
    return default_exceptions[status].__name__ if status in default_exceptions else "HTTPException"


async def ask_to_log_in(_error: Unauthorized) -> ResponseReturnValue:
    """Redirect to the log-in page, and from there back to the page that was asked for, or that of the form."""
    security_log.write("log_in_required")
    if has_websocket_context():
        return Response(status=HTTPStatus.UNAUTHORIZED)
    if wants_json():
        return problem(HTTPStatus.UNAUTHORIZED, PLEASE_LOG_IN, code=_code(HTTPStatus.UNAUTHORIZED))
    # A refused second click keeps the message of the first click, which nobody has seen: it says why that click has
    # revoked the session, for example after too many wrong passwords.
    if request.method in SAFE_METHODS or not session.get("_flashes"):
        await flash_one(PLEASE_LOG_IN, "info")
    return redirect(url_for("auth.login", next=next_page.after_log_in()))


async def show_refusal(error: AccountError) -> Response:
    """Answer with an error page: the request came from no form of ours, so there is no form to go back to."""
    log_refusal(error)
    return await refusal(error)


async def show_database_away(error: DatabaseAway) -> Response:
    """Answer 503: the database does not answer, or another writer locks it for too long."""
    security_log.write("error")
    current_app.logger.error("database: %s", error)
    response = await error_page(503, SENTENCES[503], code=_code(503))
    response.headers["Retry-After"] = str(DATABASE_RETRY_AFTER)
    return response
