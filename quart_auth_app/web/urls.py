"""URLs within the site."""

from typing import Any
from urllib.parse import SplitResult, urlsplit

from quart import Quart, Request, has_request_context, request
from quart.typing import ResponseTypes
from werkzeug.routing import IntegerConverter, MapAdapter, RequestRedirect, ValidationError

from quart_auth_app.settings import Settings
from quart_auth_app.web.edge import hooks
from quart_auth_app.web.static_files import StaticFiles

MAX_DIGITS = 1000
"""Longest number in a URL, in digits; Python's int() refuses more than 4300."""


class _Integer(IntegerConverter):
    """werkzeug's converter, except that a number too long for int() is 404 instead of 500.

    Seen in werkzeug 3.1; not reported.
    """

    def to_python(self, value: str) -> int:
        """Return the number. Raises ValidationError."""
        if len(value) > MAX_DIGITS:
            raise ValidationError
        return int(super().to_python(value))


def join(app: Quart) -> None:
    """Limit the digits of `<int:…>` in routes, also in those of another application."""
    app.url_map.converters["int"] = _Integer


def join_routes(app: Quart, settings: Settings) -> None:
    """In another application: keep the router's own redirects on the site, if PUBLIC_URL is set.

    `url_for(…, _external=True)` stays the application's own: Quart's SERVER_NAME decides its host.
    """
    join(app)
    if settings.public_url:
        hooks.before_request(app, _keep_host_out)


def init_app(app: Quart, settings: Settings) -> None:
    """Add hashes to the names of static files, and build all URLs on PUBLIC_URL, whatever Host a client sends."""
    join(app)
    app.url_for = _Urls(app)  # type: ignore[method-assign]  # templates and quart.url_for ask it
    hooks.before_request(app, _keep_host_out)
    if settings.public_url:
        _build_on(app, urlsplit(settings.public_url))


class _Urls:
    """Quart's `url_for`, with hashes in the names of static files.

    It keeps the URLs that have no values: a page has some ten of them, and building them took a tenth of its time.
    """

    def __init__(self, app: Quart) -> None:
        self._app = app
        self._build = app.url_for
        self._static_files = StaticFiles(app)
        self._built: dict[tuple[str, str, str], str] = {}

    def __call__(self, endpoint: str, **values: Any) -> str:
        """Return the URL. Raises werkzeug's BuildError."""
        hashed = ""
        if endpoint == "static" and values.get("filename"):
            hashed = self._static_files.hashed(values["filename"]) or ""
            values["filename"] = hashed or values["filename"]
        if values and None in values.values():  # werkzeug leaves such values out; `next` often is one
            values = {name: value for name, value in values.items() if value is not None}
        # A site's own functions may take a value from the request, such as a language, or make a URL of an error.
        sites_own = self._app.url_default_functions or self._app.url_build_error_handlers
        if len(values) > bool(hashed) or sites_own or not has_request_context():
            return self._build(endpoint, **values)
        key = request.root_path, endpoint, hashed
        found = self._built.get(key)
        if found is None:
            found = self._build(endpoint, **values)
            # Not kept if it depends on the page, or on the host that the client sent: the route is for another host.
            if not endpoint.startswith(".") and found.startswith("/") and not found.startswith("//"):
                self._built[key] = found
        return found


def _build_on(app: Quart, public: SplitResult) -> None:
    adapter_of = app.create_url_adapter

    def create_url_adapter(asked: Any) -> MapAdapter | None:
        adapter = adapter_of(asked)
        if adapter and asked and not app.url_map.host_matching:
            adapter.server_name = public.netloc
            adapter.url_scheme = public.scheme if adapter.url_scheme in {"http", "https"} else adapter.url_scheme
        return adapter

    app.create_url_adapter = create_url_adapter  # type: ignore[method-assign, assignment]  # Quart asks it for each request

    @app.after_request
    async def leave_for_ours(response: ResponseTypes) -> ResponseTypes:
        # A route may have used the Host in a redirect itself: request.host_url, request.url.
        there = urlsplit(response.headers.get("Location", ""))
        if there.netloc and there.netloc == request.headers.get("Host"):
            response.headers["Location"] = there._replace(scheme=public.scheme, netloc=public.netloc).geturl()
        return response


async def _keep_host_out(asked: Request) -> None:
    # For a doubled slash, or a missing one at the end, the router redirects to the Host that the client sent.
    redirect = asked.routing_exception
    if isinstance(redirect, RequestRedirect):
        # Not urlsplit, which may fail: the Host is any text.
        _host, _, path = redirect.new_url.partition("://")[2].partition("/")
        redirect.new_url = "/" + path.lstrip("/\\")  # "//" at the beginning means another host
