"""Finds the route that a browser reaches if it is sent to a path of this site."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from quart import current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, RequestRedirect

MAX_REDIRECTS = 3
"""How many of the router's own redirects are followed: for a doubled slash, or for a missing one at the end."""


def endpoints(target: str) -> set[str]:
    """Return the endpoints that a GET of `target`, a path with or without a query, may reach.

    There may be two: some proxies decode a path before they resolve its dots, and browsers don't.
    """
    path = urlsplit(target).path
    adapter = current_app.url_map.bind("localhost")
    return {found for each in (unquote(_resolved(path)), _resolved(unquote(path))) for found in _routes(adapter, each)}


def page_of_form(target: str) -> str | None:
    """Return the path of the page with the form that is sent to `target`, a path of this site; None if there is none.

    It is the page that the form's route declares, else the nearest one above: for /account/email/cancel, /account.
    """
    path = urlsplit(target).path
    parts = path.split("/")
    above = ("/".join(parts[:count]) for count in range(len(parts) - 1, 1, -1))
    return _declared(path) or next((each for each in above if endpoints(each)), None)


def _declared(path: str) -> str | None:
    adapter = current_app.url_map.bind("localhost")
    try:
        endpoint, arguments = adapter.match(unquote(path.removeprefix(request.root_path)), method="POST")
    except HTTPException:
        return None
    form: Any = getattr(current_app.view_functions[endpoint], "form", None)  # set by Form.handles, or a site's own
    return form.page_for(arguments) if hasattr(form, "page_for") else None


def _resolved(path: str) -> str:
    # WHATWG URL, "path state": single and double dots, percent-encoded or not. RFC 3986, 5.2.4, has the former only.
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        dots = segment.lower().replace("%2e", ".")
        kept = kept[:-1] if dots == ".." else kept
        if dots not in {".", ".."}:
            kept.append(segment)
    return "/" + "/".join(kept)


def _routes(adapter: MapAdapter, path: str) -> Iterator[str]:
    # root_path is where the site is mounted; Quart removes it before routing.
    path = path.removeprefix(request.root_path)
    for _ in range(MAX_REDIRECTS):
        try:
            endpoint, _ = adapter.match(path, method="GET")
        except RequestRedirect as redirect:
            path = unquote(urlsplit(redirect.new_url).path)
        except HTTPException:
            return
        else:
            yield endpoint
            return
