"""The reader's language: the account's, else the browser's choice (a cookie), else what the browser asks for."""

from datetime import timedelta
from typing import Any

from quart import Quart, Request, current_app, has_request_context, has_websocket_context
from quart.typing import ResponseTypes

from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.languages import ENGLISH, Language, Plural
from quart_auth_app.web.edge import hooks
from quart_auth_app.web.edge.asking import asking
from quart_auth_app.web.identity import cookies
from quart_auth_app.web.identity.cookies import cookie_name
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.services import EXTENSION, services

COOKIE = "language"

LIFETIME = timedelta(days=365)
"""How long a browser keeps its choice."""

VARIES_BY = ("Accept-Language", "Cookie")
"""Request headers that decide the language."""

_READER = "quart_auth_app.reader"
_PAGE = "quart_auth_app.page_language"
"""Keys of the request's scope: the reader's language, and the page's, which is found once for each request."""


def init_app(app: Quart) -> None:
    """Set Content-Language and Vary on each answer that has texts."""

    vary = ", ".join(VARIES_BY)

    async def say(asked: Request, response: ResponseTypes) -> None:
        reader: Language | None = asked.scope.get(_READER)  # type: ignore[assignment]  # a key of our own
        if reader and is_ours():
            own = response.headers
            if "Content-Language" not in own:
                own.add("Content-Language", reader.code)
            if "Vary" in own:
                response.vary.update(VARIES_BY)
            else:
                own.add("Vary", vary)  # cheaper than setting it, which looks for former ones

    hooks.after_request(app, say)


def is_ours() -> bool:
    """Tell whether this request is for a page of ours, not for one of the application that has added our pages."""
    ours = services().own_pages
    return ours is None or not ours.isdisjoint(asking().blueprints)


def of_this_page() -> Language:
    """Return the language of this page; English for pages of the application that has added ours."""
    if not has_request_context():
        return ENGLISH
    scope = _scope()
    if _PAGE not in scope:  # each template and each script asks
        scope[_PAGE] = language() if is_ours() else ENGLISH
    found: Language = scope[_PAGE]
    return found


def language() -> Language:
    """Return the language of the request's reader. Without a request, as in commands: English."""
    if not (has_request_context() or has_websocket_context()):
        return ENGLISH
    scope = _scope()
    if _READER not in scope:
        if EXTENSION not in current_app.extensions:
            return ENGLISH
        scope[_READER] = _wished_for() or services().languages.default
    found: Language = scope[_READER]
    return found


def _scope() -> Any:
    return asking().scope  # with keys of our own


def translated(text: str | Plural, /, **values: object) -> str:
    """Return the text in the reader's language, with each `{name}` replaced by its value.

    `flash(translated("One {dish} for {name}.", dish=dish, name=current_user.name))`
    """
    return language().translated(text, **values)


def wished_for() -> str | None:
    """Return the code of the language that this person or browser asks for; None if the site has none of them."""
    found = _wished_for()
    return found.code if found else None


def _wished_for() -> Language | None:
    ours, asked, found = services(), asking(), current_user.found
    chosen_before = asked.cookies.get(cookie_name(COOKIE, ours.settings))
    by_account = ours.languages.get(found.user["language"]) if found else None
    by_cookie = ours.languages.get(chosen_before) if chosen_before else None
    return by_account or by_cookie or ours.languages.asked_for(asked.headers.get("Accept-Language", ""))


class NoSuchLanguage(AccountError):
    """The site has no such language."""

    field = "language"


def chosen(code: str) -> str | None:
    """Return the chosen code if the site has that language, None for "". Raises NoSuchLanguage."""
    if code and code not in services().languages:
        raise NoSuchLanguage
    return code or None


def keep(code: str | None) -> None:
    """Store the choice in the browser's cookie; with None delete the cookie."""
    if code:
        cookies.remember(COOKIE, code, lasts=LIFETIME)
    else:
        cookies.forget(COOKIE)
