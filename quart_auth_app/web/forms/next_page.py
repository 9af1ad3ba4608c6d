"""Where to go after log-in: only ever to a path on this very site."""

import re
from urllib.parse import urlsplit

from quart import g, request, url_for

from quart_auth_app import origins
from quart_auth_app.web.edge.destinations import endpoints
from quart_auth_app.web.edge.same_origin import own_origin

MAX_LENGTH = 1024
"""Characters of the longest path and query kept; the Location header has to stay a sane size."""

NOT_AFTER_LOG_IN = {"auth.logout"}
"""Endpoints that are no place to go after logging in: they would undo it."""

# A path as every browser reads it: printable ASCII from the first slash on. A second slash or a backslash there would
# start a host name (WHATWG URL 4.4, "relative slash state"); tabs and line breaks are dropped before that is decided.
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*", re.ASCII)


def safe(target: str | None) -> str | None:
    """Return `target` if it is a path on this site, else None."""
    return target if target and len(target) <= MAX_LENGTH and _PATH.fullmatch(target) else None


def allowed(target: str | None) -> str | None:
    """Return `target` if it is a path on this site that one may be sent to after logging in, else None."""
    target = safe(target)
    return None if target and NOT_AFTER_LOG_IN & endpoints(target) else target


def asked_for() -> str | None:
    """Return the path and query of this request, exactly as the browser sent them; None if it can't be gone back to.

    So it is on another subdomain than our pages, which would lead to the path on their own.
    """
    is_beside_ours = url_for("auth.login").startswith("/")
    return here() if request.method in {"GET", "HEAD"} and is_beside_ours else None


def here() -> str | None:
    """Return the path and query of this request, exactly as the browser sent them."""
    path = request.scope.get("raw_path", b"").partition(b"?")[0]
    query = b"?" + request.query_string if request.query_string else b""
    return (path + query).decode("latin-1") or None


def came_from() -> str | None:
    """Return the page of ours that the form of this request stood on, if it can be gone back to."""
    referer = request.headers.get("Referer", "")
    if origins.origin(referer) != own_origin():
        return None
    url = urlsplit(referer)
    target = allowed(f"{url.path}?{url.query}" if url.query else url.path)
    return target if target and endpoints(target) else None


async def wanted() -> str | None:
    """Return the page to go to after log-in, if it is one of ours.

    The form or the address carries it along, or `g.next` says it, for who comes back from a provider.
    """
    return allowed((await request.form).get("next") or request.args.get("next") or g.get("next"))
