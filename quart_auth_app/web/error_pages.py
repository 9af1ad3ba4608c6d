"""What a person sees when a request fails: a page in the site's look that tells nothing about the inside."""

from http import HTTPStatus

from quart import Quart, Response, current_app, redirect, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_auth import Unauthorized
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable

from quart_auth_app.accounts.errors import AccountError, TooBusy
from quart_auth_app.web import next_page
from quart_auth_app.web.forms import flash_one, refuse_error

SENTENCES = {
    400: "The browser sent something that could not be read.",
    404: "There is no page at this address.",
    405: "This page can't be used in that way.",
    408: "The browser took too long to send its request.",
    413: "The browser sent more than this page takes.",
    500: "Something went wrong on our side. Nothing of what you sent was kept.",
    503: TooBusy.sentence,
}


def init_app(app: Quart) -> None:
    """Register the pages."""
    app.register_error_handler(HTTPException, show)
    app.register_error_handler(Unauthorized, ask_to_log_in)
    app.register_error_handler(AccountError, refuse_error)
    app.register_error_handler(TooBusy, show_busy)
    app.register_error_handler(OperationalError, show_database_away)
    app.register_error_handler(PoolTimeout, show_database_away)


async def show(error: HTTPException) -> Response:
    """Answer with the page for this status, keeping headers such as Allow."""
    status = error.code or InternalServerError.code
    title = HTTPStatus(status).phrase
    body = await render_template("error.html", title=title, sentence=SENTENCES.get(status))
    page = Response(body, status)
    page.headers.update({name: value for name, value in error.get_headers() if name != "Content-Type"})
    return page


async def ask_to_log_in(_error: Unauthorized) -> ResponseReturnValue:
    """Send the visitor to the log-in page, and from there back to the page they asked for."""
    await flash_one("Please log in to access this page.")
    return redirect(url_for("auth.login", next=next_page.safe(next_page.asked_for())))


async def show_busy(error: TooBusy) -> Response:
    """Answer 503: too many passwords are waiting."""
    return await show(ServiceUnavailable(retry_after=error.retry_after))


async def show_database_away(error: Exception) -> Response:
    """Answer 503: the database does not answer, or another writer holds it too long."""
    current_app.logger.error("database: %s", error)
    return await show(ServiceUnavailable(retry_after=TooBusy.retry_after))
