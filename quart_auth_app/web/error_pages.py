"""What a person sees when a request fails: a page in the site's look that tells nothing about the inside."""

from http import HTTPStatus

from quart import Quart, Response, current_app, redirect, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_auth import Unauthorized
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable, TooManyRequests

from quart_auth_app.accounts.errors import AccountError, TooBusy, TooManyAttempts
from quart_auth_app.database.units_of_work import DatabaseAway
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.forms.fields import refuse_error
from quart_auth_app.web.forms.flashes import flash_one
from quart_auth_app.web.telemetry import security_log

SENTENCES = {
    400: "The browser sent something that could not be read.",
    403: "This request came from another site, so it was not carried out.",
    404: "There is no page at this address.",
    405: "This page can't be used in that way.",
    408: "The browser took too long to send its request.",
    413: "The browser sent more than this page takes.",
    500: "Something went wrong on our side. Nothing of what you sent was kept.",
    503: TooBusy.sentence,
}

DATABASE_RETRY_AFTER = 5
"""Seconds after which a locked database is free again, as a rule."""


def init_app(app: Quart) -> None:
    """Register the pages."""
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(Unauthorized, ask_to_log_in)
    app.register_error_handler(AccountError, refuse_error)
    app.register_error_handler(TooBusy, show_busy)
    app.register_error_handler(TooManyAttempts, show_too_many_attempts)
    app.register_error_handler(DatabaseAway, show_database_away)


async def show_http_error(error: HTTPException) -> Response:
    """Answer with the page for this status."""
    if error.code == InternalServerError.code:
        security_log.write("error")
    return await _page(error, SENTENCES.get(error.code or 0, ""))


async def ask_to_log_in(_error: Unauthorized) -> ResponseReturnValue:
    """Send the visitor to the log-in page, and from there back to the page they asked for."""
    security_log.write("log_in_required")
    await flash_one("Please log in to access this page.")
    return redirect(url_for("auth.login", next=next_page.safe(next_page.asked_for())))


async def show_busy(error: TooBusy) -> Response:
    """Answer 503: too many passwords are waiting."""
    security_log.write("busy")
    return await _page(ServiceUnavailable(retry_after=error.retry_after), str(error))


async def show_too_many_attempts(error: TooManyAttempts) -> Response:
    """Answer 429: the limit on attempts is reached."""
    security_log.write("throttled", retry_after=error.retry_after)
    return await _page(TooManyRequests(retry_after=error.retry_after), str(error))


async def show_database_away(error: DatabaseAway) -> Response:
    """Answer 503: the database does not answer, or another writer holds it too long."""
    security_log.write("error")
    current_app.logger.error("database: %s", error)
    return await _page(ServiceUnavailable(retry_after=DATABASE_RETRY_AFTER), SENTENCES[503])


async def _page(error: HTTPException, sentence: str) -> Response:
    status = error.code or InternalServerError.code
    response = Response(await render_template("error.html", title=HTTPStatus(status).phrase, sentence=sentence), status)
    # Headers such as Allow and Retry-After belong to the answer; the type is our page's.
    response.headers.update({name: value for name, value in error.get_headers() if name != "Content-Type"})
    return response
