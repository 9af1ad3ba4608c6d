"""URLs within the site."""

from typing import Any
from urllib.parse import SplitResult, urlsplit

from quart import Quart, request
from quart.typing import ResponseTypes
from werkzeug.routing import IntegerConverter, MapAdapter, RequestRedirect, ValidationError

from quart_auth_app.settings import Settings
from quart_auth_app.web.static_files import StaticFiles

MAX_DIGITS = 1000
"""Digits of the longest number in an address; Python reads no more than 4300."""


class _Integer(IntegerConverter):
    """werkzeug's, but a number of more digits than Python reads is no page and not an error of ours.

    Seen in werkzeug 3.1; not reported.
    """

    def to_python(self, value: str) -> int:
        """Return the number. Raises ValidationError."""
        if len(value) > MAX_DIGITS:
            raise ValidationError
        return int(super().to_python(value))


def join(app: Quart) -> None:
    """Let `<int:…>` in routes, another application's too, take no number without end."""
    app.url_map.converters["int"] = _Integer


def join_routes(app: Quart, settings: Settings) -> None:
    """In another application: what the router alone corrects stays on the site, where PUBLIC_URL says which that is.

    The `url_for(…, _external=True)` of its own routes is its own: Quart's SERVER_NAME says what that is built on.
    """
    join(app)
    if settings.public_url:
        app.before_request(_keep_host_out)


def init_app(app: Quart, settings: Settings) -> None:
    """Name static files by their hashed names, and build all addresses on PUBLIC_URL, whatever Host was sent."""
    join(app)
    static_files = StaticFiles(app)

    @app.url_defaults
    def name_by_hash(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and values.get("filename"):
            values["filename"] = static_files.named(values["filename"])

    app.before_request(_keep_host_out)
    if settings.public_url:
        _build_on(app, urlsplit(settings.public_url))


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
        # A route may have put the Host into a redirect by itself: request.host_url, request.url.
        there = urlsplit(response.headers.get("Location", ""))
        if there.netloc and there.netloc == request.headers.get("Host"):
            response.headers["Location"] = there._replace(scheme=public.scheme, netloc=public.netloc).geturl()
        return response


async def _keep_host_out() -> None:
    # The router corrects a doubled slash, or one missing at the end, by a redirect to the Host that the client sent.
    redirect = request.routing_exception
    if isinstance(redirect, RequestRedirect):
        path = redirect.new_url.partition("://")[2].partition("/")[2]  # not urlsplit: the Host may be nonsense
        redirect.new_url = "/" + path.lstrip("/\\")  # two slashes at the beginning would be another host
