"""Tells people whose browser blocks cookies: they can't log in, and see no messages on the next page.

If a form comes from a browser without any cookie, the answer sets one, and redirects over a page that checks whether it
came back. A browser that accepts cookies passes that page unseen, with its first form only. A program isn't sent there:
it finds the sentence in the body of the redirect.
"""

from collections.abc import Set
from datetime import timedelta

from markupsafe import escape
from quart import Quart, Request, Response, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue, ResponseTypes

from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.web.edge import hooks
from quart_auth_app.web.edge.asking import wants_json
from quart_auth_app.web.forms import next_page
from quart_auth_app.web.identity import cookies
from quart_auth_app.web.refusals import log_refusal, refusal, status_of
from quart_auth_app.web.sentences import sentence

LASTS = timedelta(minutes=1)
"""Lifetime of that cookie; a browser that accepts it sends it back at once."""

FROM_A_BROWSER = ("Sec-Fetch-Mode", "Referer")
"""Headers of which every browser sends at least one with our forms. A client without both is a program: no check."""


def init_app(app: Quart, *, blueprints: Set[str]) -> None:
    """Check the forms that are sent to these blueprints."""

    async def check(asked: Request, response: ResponseTypes) -> None:
        if blueprints.isdisjoint(asked.blueprints) or not _may_be_blocked(asked, response):
            return
        if isinstance(response, Response) and response.mimetype == "text/html":
            said = f"<p>{escape(sentence(CookiesBlocked()))}</p>\n"
            response.set_data(await response.get_data(as_text=True) + said)
        if any(name in asked.headers for name in FROM_A_BROWSER):
            response.headers["Location"] = url_for("auth.cookies", next=response.headers["Location"])
            cookies.put(response, "cookies", "on", lasts=LASTS)

    hooks.after_request(app, check)


def _may_be_blocked(asked: Request, response: ResponseTypes) -> bool:
    return (
        asked.method == "POST"
        and response.status_code in {302, 303}
        and next_page.safe(response.headers.get("Location")) is not None
        and not asked.cookies
        and not wants_json(asked)
    )


class CookiesBlocked(AccountError):
    """The browser sends no cookies back."""


async def go_on() -> ResponseReturnValue:
    """Redirect to the next page if any cookie came back; otherwise say that the site needs cookies."""
    wanted = next_page.allowed(request.args.get("next")) or url_for("main.index")
    if request.cookies:
        return redirect(wanted)
    error = CookiesBlocked()
    log_refusal(error)
    if wants_json():
        return await refusal(error)
    return Response(await render_template("cookies.html", sentence=sentence(error), next=wanted), status_of(error))
