"""Where a request comes from."""

import ipaddress

from quart import request

from quart_auth_app.web.services import services


def client_address() -> str:
    """Return the client's IP address, as the outermost of our own proxies saw it.

    Each of the PROXY_HOPS proxies in front appends to X-Forwarded-For the address it was called from. What stands
    further left was sent by the client, who may have made it up.
    """
    hops = services().settings.proxy_hops
    direct = request.remote_addr or ""
    if not hops:
        return direct
    entries = ",".join(request.headers.getlist("X-Forwarded-For")).split(",")
    return _address(entries[-hops].strip()) or direct if len(entries) >= hops else direct


def _address(entry: str) -> str | None:
    # Some proxies add the port, and IPv6 addresses then stand in brackets; a zone (%eth0) means nothing to others.
    host = entry.partition("]")[0].lstrip("[") if entry.startswith("[") else entry
    host = host.rpartition(":")[0] if host.count(":") == 1 else host
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return None
