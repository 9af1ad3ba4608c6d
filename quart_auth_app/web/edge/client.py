"""Where a request comes from."""

import ipaddress

from hypercorn.typing import HTTPScope, WebsocketScope

from quart_auth_app.web.edge.asking import asking

MAX_LENGTH = 45
"""Characters of the longest IP address, and of whatever else a server calls a client."""


def client_address() -> str:
    """Return the IP address of this request's client, as `address_in` finds it."""
    address: str = asking().scope["client_address"]  # type: ignore[typeddict-item]  # put there by edge.Edge
    return address


def address_in(scope: HTTPScope | WebsocketScope, hops: int) -> str:
    """Return the client's IP address, as the outermost of our own `hops` proxies saw it.

    Each proxy appends to X-Forwarded-For the address it was called from. What stands further left was sent by the
    client, who may have made it up.
    """
    named = (scope.get("client") or ("",))[0]
    direct = _address(named) or named.replace("\0", "")[:MAX_LENGTH]
    if not hops:
        return direct
    forwarded = b",".join(value for name, value in scope["headers"] if name.lower() == b"x-forwarded-for")
    entries = forwarded.decode("latin-1").split(",") if forwarded else []
    return _address(entries[-hops].strip()) or direct if len(entries) >= hops else direct


def _address(entry: str) -> str | None:
    # Some proxies add the port, and IPv6 addresses then stand in brackets; a zone (%eth0) means nothing to others.
    host = entry.partition("]")[0].lstrip("[") if entry.startswith("[") else entry
    host = host.rpartition(":")[0] if host.count(":") == 1 else host
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return None
