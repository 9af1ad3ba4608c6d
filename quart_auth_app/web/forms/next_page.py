"""The page to go to after log-in: only a path on this site, never another site."""

import re
from urllib.parse import urlsplit

from quart import g, request, url_for

from quart_auth_app import origins
from quart_auth_app.web.edge.asking import asking
from quart_auth_app.web.edge.destinations import endpoints, page_of_form
from quart_auth_app.web.edge.same_origin import SAFE_METHODS, own_origin

MAX_LENGTH = 1024
"""Longest path and query in characters, which limits the Location header."""

NOT_AFTER_LOG_IN = {"auth.logout"}
"""Endpoints not to go to after logging in: they would undo it."""

# A slash and printable ASCII. If a second slash or a backslash follows the first, browsers read a host name (WHATWG URL
# 4.4, "relative slash state"). They remove tabs and line breaks before that, so those are not allowed either.
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*", re.ASCII)


def safe(target: str | None) -> str | None:
    """Return `target` if it is a path on this site, else None."""
    return target if target and len(target) <= MAX_LENGTH and _PATH.fullmatch(target) else None


def allowed(target: str | None) -> str | None:
    """Return `target` if it is a path on this site and allowed after logging in, else None."""
    target = safe(target)
    return None if target and NOT_AFTER_LOG_IN & endpoints(target) else target


def asked_for() -> str | None:
    """Return the path and query of this request, exactly as the browser sent them; None if nobody can return to it.

    That is the case on another subdomain than that of our pages: they would redirect to the path on their own.
    """
    is_beside_ours = url_for("auth.login").startswith("/")
    return here() if request.method in {"GET", "HEAD"} and is_beside_ours else None


def here() -> str | None:
    """Return the path and query of this request, exactly as the browser sent them."""
    path = request.scope.get("raw_path", b"").partition(b"?")[0]
    query = b"?" + request.query_string if request.query_string else b""
    return (path + query).decode("latin-1") or None


def came_from() -> str | None:
    """Return the page of ours with the form that was sent, if the browser can return to it.

    The answer to a form may have one too, at an address without a page: then it is the page of that form.
    """
    referer = request.headers.get("Referer", "")
    if origins.origin(referer) != own_origin():
        return None
    url = urlsplit(referer)
    target = allowed(f"{url.path}?{url.query}" if url.query else url.path)
    return target if target and endpoints(target) else allowed(target and page_of_form(target))


def after_log_in() -> str | None:
    """Return what to show to somebody who has to log in first: the page that was asked for, or that of the form."""
    return allowed(asked_for()) if request.method in SAFE_METHODS else came_from()


async def wanted() -> str | None:
    """Return the page to go to after log-in, if it is one of ours.

    It is in the form, in the query, or after the way back from a provider in `g.next`.
    """
    asked = asking()
    form = {} if asked.method in {"GET", "HEAD"} else await request.form
    return allowed(form.get("next") or asked.args.get("next") or g.get("next"))
