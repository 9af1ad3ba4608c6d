"""MAIL_URL, parsed: a mail server, a folder, or standard output."""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from quart_auth_app.one_line import UNREADABLE

PORTS = {"smtp": 587, "smtps": 465}
"""Default ports for mail submission: with STARTTLS (RFC 6409), and with TLS from the first byte (RFC 8314)."""

ALLOWED = (
    "smtp://user:password@host:587, smtps://user:password@host:465, file:///folder, or log:, "
    "with %40 for an @ in the user or the password, %3A for a :, %2F for a /"
)


@dataclass(frozen=True, kw_only=True)
class MailUrl:
    """A parsed MAIL_URL. Its `repr` shows no password."""

    scheme: str
    """`smtp`, `smtps`, `file` or `log`."""
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    folder: str = ""

    @property
    def is_smtp(self) -> bool:
        """Whether mail goes to a mail server."""
        return self.scheme in PORTS

    @property
    def may_go_without_tls(self) -> bool:
        """Whether the server is this machine, so that the connection can't be read on a network."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parsed(value: str) -> MailUrl | None:
    """Return the parsed MAIL_URL, None if it is invalid."""
    if value in {"log:", "log://"}:
        return MailUrl(scheme="log")
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.query or parts.fragment or {"?", "#"} & set(value) or UNREADABLE & set(unquote(value)):
        return None
    if parts.scheme == "file":
        return MailUrl(scheme="file", folder=unquote(parts.path)) if parts.path and not parts.netloc else None
    if parts.scheme not in PORTS or not _is_host(host) or port == 0 or parts.path not in {"", "/"}:
        return None
    if bool(parts.username) != bool(parts.password):
        return None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailUrl(scheme=parts.scheme, host=host, port=port or PORTS[parts.scheme], user=user, password=password)


def _is_host(host: str) -> bool:
    return bool(host) and not set(host) & set(" \\%<>^`{|}[]\"'@,;")
