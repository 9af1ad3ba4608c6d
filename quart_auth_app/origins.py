"""Origins: scheme, host and port, written as browsers write them in the Origin header."""

import ipaddress
from urllib.parse import urlsplit

import idna

DEFAULT_PORTS = {"http": 80, "https": 443}


def origin(url: str) -> str | None:
    """Return the origin of an http or https address (HTML, "serialization of an origin"), None if it has none.

    Lower case, default ports left out, letters beyond ASCII as their A-label (`xn--…`), IPv6 in its short form.
    """
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, _host(parts.hostname or ""), parts.port
    except ValueError:
        return None
    if scheme not in DEFAULT_PORTS or not host or port == 0:
        return None
    return f"{scheme}://{host}" if port in {None, DEFAULT_PORTS[scheme]} else f"{scheme}://{host}:{port}"


def _host(host: str) -> str:
    if ":" in host:
        return f"[{ipaddress.IPv6Address(host)}]"
    # UTS 46 without its transitional forms, as browsers do it: faß.example keeps its ß. idna's errors are ValueErrors.
    return host if host.isascii() else idna.encode(host, uts46=True).decode()


def readable_host(origin: str) -> str:
    """Return an origin's host as people write it, with its letters in place of the A-label."""
    host = urlsplit(origin).hostname or ""
    try:
        return idna.decode(host) if "xn--" in host else host
    except idna.IDNAError:
        return host


def is_trustworthy(origin: str) -> bool:
    """Tell whether browsers treat it as secure, and so send Sec-Fetch-Site to it (W3C Secure Contexts, 3.1)."""
    parts = urlsplit(origin)
    host = parts.hostname or ""
    if parts.scheme == "https" or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
