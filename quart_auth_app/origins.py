"""Origins: scheme, host and port, written as browsers write them in the Origin header."""

import ipaddress
import re
import unicodedata
from urllib.parse import urlsplit

import idna

_FORBIDDEN = set(" #%/:<>?@[\\]^|\x7f") | {chr(code) for code in range(32)}
"""Characters that no host has (URL Standard, "forbidden domain code point")."""

_HEX = re.compile("0[xX][0-9a-fA-F]*")

DEFAULT_PORTS = {"http": 80, "https": 443}


def origin(url: str) -> str | None:
    """Return the origin of an http or https address (HTML, "serialization of an origin"), None if it has none.

    Lower case, default ports left out, letters beyond ASCII as their A-label (`xn--…`), IPv6 in its short form, IPv4
    as four decimal numbers (`127.1` is 127.0.0.1).
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
    if not host.isascii():
        # UTS 46, non-transitional, as browsers do it: faß.example keeps its ß. idna's errors are ValueErrors.
        host = ".".join(map(_a_label, idna.uts46_remap(host, std3_rules=False, transitional=False).split(".")))
    if not _FORBIDDEN.isdisjoint(host):
        raise ValueError(host)
    last = host.removesuffix(".").rpartition(".")[2]
    return str(_ipv4(host)) if last.isdigit() or _HEX.fullmatch(last) else host


def _a_label(label: str) -> str:
    if not label:
        raise ValueError("an empty label")
    if label.isascii():
        return label
    try:
        return idna.alabel(label).decode()
    except idna.IDNAError:
        # IDNA 2008 allows letters and digits only. Browsers allow every character of UTS 46, as in ☃.example.
        if len(label) > 1 and any(unicodedata.bidirectional(each) in {"R", "AL", "AN"} for each in label):
            raise
        return "xn--" + label.encode("punycode").decode()


def _ipv4(host: str) -> ipaddress.IPv4Address:
    """Return the address that browsers read from a host that ends in a number (URL Standard, "IPv4 parser").

    Raises ValueError.
    """
    *bytes_, last = [_number(part) for part in host.removesuffix(".").split(".")]
    if len(bytes_) > 3 or any(each > 255 for each in bytes_) or last >= 256 ** (4 - len(bytes_)):
        raise ValueError(host)
    return ipaddress.IPv4Address(last + sum(each << 8 * (3 - place) for place, each in enumerate(bytes_)))


def _number(part: str) -> int:
    if _HEX.fullmatch(part):
        return int(part[2:] or "0", 16)
    if not (part.isascii() and part.isdigit()) or len(part) > 20:
        raise ValueError(part)
    return int(part, 8 if part.startswith("0") else 10)


def readable_host(origin: str) -> str:
    """Return an origin's host as people write it, with the letters that its A-labels stand for."""
    host = urlsplit(origin).hostname or ""
    try:
        return idna.decode(host) if "xn--" in host else host
    except idna.IDNAError:
        return host


def is_trustworthy(origin: str) -> bool:
    """Tell whether browsers treat the origin as secure, and so send Sec-Fetch-Site to it (W3C Secure Contexts, 3.1)."""
    parts = urlsplit(origin)
    host = parts.hostname or ""
    if parts.scheme == "https" or host == "localhost" or host.endswith(".localhost"):
        return True
    return is_ip_address(host) and ipaddress.ip_address(host).is_loopback


def is_ip_address(host: str) -> bool:
    """Tell whether the host is an IP address, not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
