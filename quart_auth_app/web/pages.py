"""Variables and functions of our templates: about the site, kinds of messages, and our own scripts."""

from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache, partial
from typing import Any

from markupsafe import Markup
from quart import Quart, after_this_request, g, get_flashed_messages, request, url_for
from quart.typing import ResponseTypes

from quart_auth_app.accounts import browsers
from quart_auth_app.languages import ENGLISH, Language
from quart_auth_app.settings import Settings
from quart_auth_app.web.edge import headers
from quart_auth_app.web.language import language, of_this_page, translated
from quart_auth_app.web.services import services_of

KINDS = {"info", "success", "warning", "danger"}
"""The kinds of message; they are also categories of `flash`."""

CATEGORIES = {
    "message": "info",
    "ProviderAway": "warning",
    "TooBusy": "warning",
    "TooManyAttempts": "warning",
    "TryLater": "warning",
}
"""The kind of message for other categories, such as the codes of refusals; categories not listed mean danger."""


def init_app(app: Quart, settings: Settings) -> None:
    """Add the variables and functions to templates."""
    offered = list(services_of(app).languages.values())
    names = {
        "site_name": settings.site_name,
        "sign_up_open": settings.sign_up_open,
        "mail_is_on": settings.mail_url is not None,
        "mailed_login": settings.mailed_login,
        "message_kind": message_kind,
        "script": partial(_script, headers.policy_header(settings, scripts=True)),
        "get_flashed_messages": messages,
        "offered_languages": offered,
        "language_buttons": partial(_language_buttons, tuple(offered)),
        "browser_name": browser_name,
        "translated": translated,
    }

    # Not as globals of jinja_env: using it here would create it, too early for a site to set options of Jinja.
    @app.context_processor
    async def known() -> dict[str, Any]:
        return names | {"page_language": of_this_page()}


def messages(with_categories: bool = False, category_filter: Iterable[str] = ()) -> list[Any]:
    """Return the waiting messages, as Quart's `get_flashed_messages` does.

    The tutorial's signup.html writes ". Go to login page." after any message. So on that page, messages without
    categories lose their full stop.
    """
    found: list[Any] = list(get_flashed_messages(with_categories, category_filter))
    if with_categories or request.endpoint not in {"auth.signup", "auth.signup_post"}:
        return found
    return [message.removesuffix(".") for message in found]


def message_kind(category: str) -> str:
    """Return the kind of a message that was flashed with this category."""
    return category if category in KINDS else CATEGORIES.get(category, "danger")


@lru_cache(maxsize=128)
def _language_buttons(offered: tuple[Language, ...], reader: Language) -> Markup:
    """Return a button for each language; that of the reader is marked."""
    buttons = Markup()
    for each in offered:
        buttons += Markup('<button class="button is-ghost" name="language" value="') + each.code
        buttons += Markup('" lang="') + each.code + Markup('"')
        buttons += Markup(' aria-current="true">') if each is reader else Markup(">")
        buttons += each.name + Markup("</button>\n")
    return buttons


def browser_name(name: str) -> str:
    """Return a browser's name in the reader's language."""
    return browsers.translated(name, language())


def _script(policy: str, filename: str, **words: str) -> Markup:
    """Return the tag of a script in `static/`, once for each page, and allow this page to run our own scripts.

    `policy` is the Content-Security-Policy that does so.
    `words` are its texts for languages other than English: the script reads `document.currentScript.dataset.…`.
    """
    scripts = g.setdefault("scripts", set())
    if filename in scripts:
        return Markup()
    if not scripts:
        after_this_request(_allowing(policy))
    scripts.add(filename)
    words = words if words and of_this_page() is not ENGLISH else {}
    url = url_for("static", filename=filename)
    return _script_tag(url, *[(name, word, isinstance(word, Markup)) for name, word in words.items()])


@lru_cache(maxsize=128)  # without the cache a page in Japanese took 5 % longer than one in English
def _script_tag(url: str, *words: tuple[str, str, bool]) -> Markup:
    # Each word with whether it is Markup: the cache can't tell that from an equal str, which is escaped here.
    tag = Markup('<script src="') + url + Markup('" defer')
    for name, word, _ in words:
        tag += Markup(" data-") + name.replace("_", "-") + Markup('="') + word + Markup('"')
    return tag + Markup("></script>")


def _allowing(policy: str) -> Callable[[ResponseTypes], Awaitable[ResponseTypes]]:
    async def allow(response: ResponseTypes) -> ResponseTypes:
        response.headers.setdefault("Content-Security-Policy", policy)
        return response

    return allow
