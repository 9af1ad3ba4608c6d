"""The client's IP address."""

import ipaddress
from functools import lru_cache

from hypercorn.typing import HTTPScope, WebsocketScope

from quart_auth_app.web.edge.asking import asking

MAX_LENGTH = 45
"""Longest IP address in characters; another name that a server gives a client is cut to this length."""


def client_address() -> str:
    """Return the IP address of this request's client, see `address_in`."""
    address: str = asking().scope["client_address"]  # type: ignore[typeddict-item]  # put there by edge.Edge
    return address


def address_in(scope: HTTPScope | WebsocketScope, hops: int) -> str:
    """Return the client's IP address, as the outermost of our own `hops` proxies saw it.

    Each proxy appends to X-Forwarded-For the address that called it. Entries further left come from the client, who may
    have made them up.
    """
    direct = _direct((scope.get("client") or ("",))[0])
    if not hops:
        return direct
    forwarded = b",".join(value for name, value in scope["headers"] if name.lower() == b"x-forwarded-for")
    entries = forwarded.decode("latin-1").split(",") if forwarded else []
    return _address(entries[-hops].strip()) or direct if len(entries) >= hops else direct


@lru_cache(maxsize=1000)
def _direct(named: str) -> str:
    return _address(named) or named.replace("\0", "")[:MAX_LENGTH]


def _address(entry: str) -> str | None:
    # Some proxies add the port, and put IPv6 addresses in brackets then. A zone (%eth0) has a meaning on one host only.
    host = entry.partition("]")[0].lstrip("[") if entry.startswith("[") else entry
    host = host.rpartition(":")[0] if host.count(":") == 1 else host
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    # A socket that serves both kinds of addresses gives an IPv4 address the form of IPv6, which Python writes as
    # ::ffff:cb00:7107: in mails and on pages nobody would know it.
    return str((found.ipv4_mapped if found.version == 6 else None) or found)
