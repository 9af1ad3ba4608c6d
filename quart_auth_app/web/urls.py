"""URLs within the site. A page has five or more, the same for everybody, and each takes 10 microseconds to build."""

from functools import lru_cache
from time import monotonic
from typing import Any

from quart import Quart, has_request_context, request
from werkzeug.routing import RequestRedirect

from quart_auth_app.web.static_files import StaticFiles

REMEMBERED = 256
"""URLs that are kept at most."""


def init_app(app: Quart) -> None:
    """Let url_for remember, name static files by their hashed names, and keep redirects on this site."""
    Urls(app, StaticFiles(app))
    app.before_request(_keep_host_out)


async def _keep_host_out() -> None:
    # The router corrects a doubled slash, or one missing at the end, by a redirect to the Host that the client sent.
    redirect = request.routing_exception
    if isinstance(redirect, RequestRedirect):
        path = redirect.new_url.partition("://")[2].partition("/")[2]  # not urlsplit: the Host may be nonsense
        redirect.new_url = "/" + path.lstrip("/\\")  # two slashes at the beginning would be another host


class Urls:
    """`app.url_for`, which quart.url_for and the templates call, with a memory."""

    def __init__(self, app: Quart, static_files: StaticFiles) -> None:
        self._app = app
        self._static_files = static_files
        self._build = app.url_for
        self._recent = lru_cache(REMEMBERED)(self._path)
        app.url_for = self._url_for  # type: ignore[method-assign]  # quart.url_for and the templates look it up here

    def _url_for(self, endpoint: str, **values: Any) -> str:
        filename = values.get("filename") if endpoint == "static" else None
        if len(values) == bool(filename) and has_request_context() and self._is_the_same_everywhere(endpoint):
            # Anew each second, so that an edited stylesheet soon has its new name.
            return self._recent(endpoint, filename, request.root_path, int(monotonic()))
        if filename:
            values["filename"] = self._static_files.named(filename)
        return self._build(endpoint, **values)

    def _is_the_same_everywhere(self, endpoint: str) -> bool:
        # What begins with a dot depends on the page it stands in, and what url_defaults adds on whatever it likes.
        return not endpoint.startswith(".") and not self._app.url_default_functions

    def _path(self, endpoint: str, filename: str | None, _root_path: str, _second: int) -> str:
        values: dict[str, Any] = {"filename": self._static_files.named(filename)} if filename else {}
        return self._build(endpoint, **values)
