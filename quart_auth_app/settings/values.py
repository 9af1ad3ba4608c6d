"""Checks for types of values: one of two words, a whole number, an address to listen on, a database."""

from sqlalchemy.engine import URL

from quart_auth_app import database_urls
from quart_auth_app.instance import SettingsError

DEFAULT_DATABASE = "sqlite:///instance/db.sqlite"

MOST = 1000
"""Largest number of workers or proxies; a larger value is taken for a mistake."""

MAX_SHOWN = 30
"""Longest value that a message repeats, in characters. Keys and providers' secrets are longer, so never shown."""


def is_chosen(name: str, value: str, usual: str, other: str) -> bool:
    """Tell whether a setting with two values has the `usual` one, or is not set. Raises SettingsError."""
    if value not in {"", usual, other}:
        raise SettingsError(f"{name} is {shown(value)}; allowed: {usual}, {other}")
    return value != other


def whole_number(name: str, value: str, *, least: int, otherwise: int) -> int:
    if not value:
        return otherwise
    if not (value.isascii() and value.isdigit() and int(value) >= least):
        raise SettingsError(f"{name} is {shown(value)}; allowed: a whole number from {least} up")
    if int(value) > MOST:
        raise SettingsError(f"{name} is {shown(value)}; allowed: a whole number up to {MOST}")
    return int(value)


def bind(value: str) -> tuple[str, int] | None:
    if not value:
        return None
    host, _, port = value.rpartition(":")
    if not host or "@" in host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise SettingsError(f"METRICS_BIND is {shown(value)}; allowed: host:port, for example 127.0.0.1:9100")
    return host.strip("[]"), int(port)


def database(value: str) -> URL:
    url = database_urls.parsed(value or DEFAULT_DATABASE)
    if not url:
        # The value is not shown: it may contain a password.
        raise SettingsError(
            f"DATABASE_URL is not an address this application can use. Allowed: {database_urls.ALLOWED}"
        )
    return url


def shown(value: str) -> str:
    """Return the value as a message shows it; never one that may be a secret put into the wrong variable."""
    if "@" in value:
        return "an address"
    return repr(value) if len(value) <= MAX_SHOWN else f"a value of {len(value)} characters"
