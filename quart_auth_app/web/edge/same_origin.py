"""Cross-site requests are refused here, by what the browser says of where they come from.

No tokens in forms: all browsers send Sec-Fetch-Site since 2023, and Origin with each POST since long before. What sends
neither is no browser, and has nobody's cookies.
"""

from quart import Quart, request
from werkzeug.exceptions import Forbidden

from quart_auth_app.web.services import services
from quart_auth_app.web.telemetry import security_log

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
"""They change nothing; a GET that does, as /logout, asks `is_deliberate`."""

OWN = {"same-origin", "none"}
"""Sec-Fetch-Site of our own pages, and of the address bar and bookmarks."""


def init_app(app: Quart) -> None:
    """Look at every request before anything else does."""
    app.before_request(_refuse_cross_site)


async def _refuse_cross_site() -> None:
    if request.method not in SAFE_METHODS and not _is_from_here():
        security_log.write("cross_site_refused")
        raise Forbidden


def _is_from_here() -> bool:
    sites = request.headers.getlist("Sec-Fetch-Site")
    if sites:
        return OWN.issuperset(sites)
    origins = request.headers.getlist("Origin")
    return all(origin.lower() == _own_origin() for origin in origins)


def _own_origin() -> str:
    return services().settings.public_url or f"{request.scheme}://{request.host}".lower()


def is_deliberate() -> bool:
    """Tell whether a GET was asked for by the person: not by another site, nor by a browser that reads ahead."""
    ahead = request.method == "HEAD" or "Sec-Purpose" in request.headers
    return OWN.issuperset(request.headers.getlist("Sec-Fetch-Site")) and not ahead
