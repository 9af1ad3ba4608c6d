"""The reader's language: the account's, else the browser's choice (a cookie), else what the browser asks for."""

from datetime import timedelta

from quart import Quart, current_app, g, has_request_context, has_websocket_context
from quart.typing import ResponseTypes

from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.languages import ENGLISH, Language, Plural
from quart_auth_app.settings import Settings
from quart_auth_app.web.edge.asking import asking
from quart_auth_app.web.identity.cookies import cookie_name
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.services import EXTENSION, services

COOKIE = "language"

LIFETIME = timedelta(days=365)
"""How long a browser keeps its choice."""

VARIES_BY = ("Accept-Language", "Cookie")
"""Headers of a request that decide the language."""


def init_app(app: Quart) -> None:
    """Say in each answer that has texts which language they are in."""

    @app.after_request
    async def say(response: ResponseTypes) -> ResponseTypes:
        if "reads" in g and is_ours():
            response.headers.setdefault("Content-Language", g.reads.code)
            if "Vary" in response.headers:
                response.vary.update(VARIES_BY)
            else:
                response.headers["Vary"] = ", ".join(VARIES_BY)
        return response


def is_ours() -> bool:
    """Tell whether this request is for a page of ours, and not for one of an application that exists."""
    ours = services().own_pages
    return ours is None or not ours.isdisjoint(asking().blueprints)


def of_this_page() -> Language:
    """Return the language of this page. Pages of an application that exists are its own, and as they are."""
    return language() if has_request_context() and is_ours() else ENGLISH


def language() -> Language:
    """Return the language of who reads the answer to this request. Without a request, as in commands: English."""
    if not (has_request_context() or has_websocket_context()) or EXTENSION not in current_app.extensions:
        return ENGLISH
    if "reads" not in g:
        g.reads = _wished_for() or services().languages.default
    found: Language = g.reads
    return found


def translated(text: str | Plural, /, **values: object) -> str:
    """Return the text in the reader's language, with each `{name}` replaced by its value.

    `flash(translated("One {dish} for {name}.", dish=dish, name=current_user.name))`
    """
    return language().translated(text, **values)


def wished_for() -> str | None:
    """Return the code of the language that this person or browser has asked for; None if of none that there is."""
    found = _wished_for()
    return found.code if found else None


def _wished_for() -> Language | None:
    there, found = services().languages, current_user.found
    by_account = there.get(found.user["language"]) if found else None
    by_cookie = there.get(asking().cookies.get(cookie_name(COOKIE, services().settings), ""))
    return by_account or by_cookie or there.asked_for(asking().headers.get("Accept-Language", ""))


class NoSuchLanguage(AccountError):
    """The site has no such language."""

    field = "language"


def chosen(code: str) -> str | None:
    """Return the code that somebody has chosen, None for "". Raises NoSuchLanguage."""
    if code and code not in services().languages:
        raise NoSuchLanguage
    return code or None


def keep(response: ResponseTypes, code: str | None, settings: Settings) -> None:
    """Let the browser keep its choice, or with None forget it."""
    response.set_cookie(
        cookie_name(COOKIE, settings),
        code or "",
        max_age=LIFETIME if code else 0,
        secure=settings.https,
        httponly=True,
        samesite="Lax",
    )
