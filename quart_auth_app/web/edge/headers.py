"""Security headers for every response, including those of errors."""

from quart_auth_app import content_policy
from quart_auth_app.settings import Settings

Headers = list[tuple[bytes, bytes]]

CONTENT_POLICY = {
    # Only our own styles and images, no scripts, forms to this site only, no framing.
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def policy_header(settings: Settings, *, scripts: bool = False) -> str:
    """Return the Content-Security-Policy; with `scripts`, for a page with scripts of our own."""
    ours = CONTENT_POLICY | ({"script-src": "'self'"} if scripts else {})
    policy = content_policy.widened(ours, settings.csp_allow)
    return "; ".join(f"{directive} {sources}" for directive, sources in policy.items())


HEADERS = {
    # Pages are personal: no proxy may store them, and Back after log-out must not show them. Static files, and routes
    # of a site, can set a Cache-Control of their own.
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Not no-referrer: it makes browsers send `Origin: null` even with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
HSTS = "max-age=63072000; includeSubDomains"
"""Two years; ASVS 3.4.1 asks for at least one, including subdomains."""


def for_every_response(settings: Settings) -> Headers:
    """Return the headers in ASGI's form."""
    headers = HEADERS | {"Content-Security-Policy": policy_header(settings)}
    headers |= {"Strict-Transport-Security": HSTS} if settings.https else {}
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def completed(own: Headers, ours: Headers) -> Headers:
    """Return a response's `own` headers, and those of `ours` that it does not set."""
    names = {name.lower() for name, _ in own}
    added = [(name, value) for name, value in ours if name not in names]
    if not names & {b"cache-control", b"vary"}:
        added.append((b"vary", b"Cookie"))
    return own + added
