"""Response headers: on every response, whatever made it."""

from quart_auth_app import content_policy
from quart_auth_app.settings import Settings

Headers = list[tuple[bytes, bytes]]

CONTENT_POLICY = {
    # Nothing but our own styles and pictures, no scripts at all, forms sent to us only, no framing.
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def policy_header(settings: Settings, *, scripts: bool = False) -> str:
    """Return the Content-Security-Policy; with `scripts`, of a page that has scripts of our own."""
    ours = CONTENT_POLICY | ({"script-src": "'self'"} if scripts else {})
    policy = content_policy.widened(ours, settings.csp_allow)
    return "; ".join(f"{directive} {sources}" for directive, sources in policy.items())


HEADERS = {
    # A page belongs to who asked for it: no proxy keeps it, and Back after log-out doesn't show it. Static files, and
    # whoever knows better, say otherwise by a Cache-Control of their own.
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Not no-referrer: with that, browsers send `Origin: null` with our own forms too.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
HSTS = "max-age=63072000; includeSubDomains"
"""Two years; ASVS 3.4.1 asks for one, on subdomains too."""


def for_every_response(settings: Settings) -> Headers:
    """Return the headers in the form that ASGI wants them."""
    headers = HEADERS | {"Content-Security-Policy": policy_header(settings)}
    headers |= {"Strict-Transport-Security": HSTS} if settings.https else {}
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def completed(own: Headers, ours: Headers) -> Headers:
    """Return a response's `own` headers, and of `ours` those that it does not set itself."""
    names = {name.lower() for name, _ in own}
    added = [(name, value) for name, value in ours if name not in names]
    if not names & {b"cache-control", b"vary"}:
        added.append((b"vary", b"Cookie"))
    return own + added
