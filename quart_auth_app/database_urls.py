"""DATABASE_URL, parsed: a SQLite file, or PostgreSQL on one or several hosts."""

import re

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from quart_auth_app.one_line import UNREADABLE

ALLOWED = (
    "sqlite:///path/to/file, postgresql://user:password@host/database, "
    "postgresql://user:password@host1:5432,host2:5432/database, "
    "with %40 for an @ in the user or the password, %3A for a :, %2F for a /"
)

PORT = 5432
"""PostgreSQL's default port, for hosts without a port."""

WRITABLE = ("read-write", "primary")
"""Values of libpq's `target_session_attrs` that ask for a server that accepts writes."""

_SEVERAL = re.compile(r"(?P<start>postgres(?:ql)?://(?:[^/?@]*@)?)(?P<hosts>[^/?@]*,[^/?@]*)(?P<rest>.*)")
# IPv6 addresses are in brackets. An empty name would mean this machine's socket: useless among several hosts.
_HOST = re.compile(r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:]+))(?::(?P<port>\d{1,5}))?")


def parsed(value: str) -> URL | None:
    """Return the parsed DATABASE_URL, None if it is invalid. Several hosts become `host` parameters of its query."""
    try:
        # SQLAlchemy doesn't parse libpq's list of hosts; it takes repeated `host` parameters.
        several = _SEVERAL.fullmatch(value)
        url = make_url(several["start"] + several["rest"] if several else value)
    except (ArgumentError, ValueError):
        return None
    if several:
        if "host" in url.query:
            return None
        url = url.update_query_dict({"host": several["hosts"].split(",")})
    backend = {"postgres": "postgresql"}.get(url.drivername, url.get_backend_name())
    return url.set(drivername=backend) if _is_usable(url, backend) else None


def hosts(url: URL) -> list[tuple[str, int]]:
    """Return the name and port of each host if the URL has several; otherwise an empty list."""
    named = url.query.get("host", ())
    if isinstance(named, str):
        return []
    found = [_HOST.fullmatch(host) for host in named]
    return [(each["address"] or each["name"], int(each["port"] or PORT)) for each in found if each]


def _is_usable(url: URL, backend: str) -> bool:
    if backend == "sqlite":
        # SQLAlchemy would refuse a host or a user only later, with the password in its message.
        return not (url.host or url.port or url.username or url.password or url.query)
    # An @ after the host comes from a password with an unescaped @. That part of the password would be read as a name
    # and shown in messages.
    rest = f"{url.host}{url.database}{dict(url.query)}"
    if UNREADABLE & set(f"{url.username}{url.password}"):
        return False
    return backend == "postgresql" and "@" not in rest and _is_port(url.port) and _has_usable_hosts(url)


def _has_usable_hosts(url: URL) -> bool:
    named, several = url.query.get("host", ()), hosts(url)
    if not isinstance(named, str) and (len(several) < len(named) or not all(_is_port(port) for _, port in several)):
        return False
    if several and (url.host or url.port or "port" in url.query):
        return False
    return url.query.get("target_session_attrs", WRITABLE[0]) in WRITABLE


def _is_port(port: int | None) -> bool:
    return port is None or 0 < port < 65536
