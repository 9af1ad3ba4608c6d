"""Settings: read from the environment once, checked, and handed on. Nothing else reads the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from quart_auth_app import instance, origins
from quart_auth_app.instance import SettingsError

DEFAULT_DATABASE_URL = "sqlite:///instance/db.sqlite"
DEFAULT_PUBLIC_URL = "http://localhost:8000"

# 32 characters of base64 carry 192 bits; ASVS 11.2.3 asks for 128.
MIN_SECRET_KEY_LENGTH = 32
# What tutorials and frameworks print where a key belongs: public, so worthless, however long the rest of it is.
PLACEHOLDERS = (
    "changeme",
    "changethis",
    "djangoinsecure",
    "placeholder",
    "replaceme",
    "secretkeygoeshere",
    "yoursecret",
)
MAKE_A_KEY = """make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"""

SECRETS = ("DATABASE_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS")
"""May come from a file instead, named by the same name and _FILE, as container platforms hand out secrets."""

NAMES = ("DATABASE_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "PUBLIC_URL", "PROXY_HOPS", "WORKERS", "METRICS_BIND")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the operator decides. README.md explains each; the names there are these in upper case."""

    database_url: URL
    secret_key: str
    secret_key_fallbacks: tuple[str, ...]
    public_url: str | None
    proxy_hops: int
    workers: int
    metrics_bind: tuple[str, int] | None

    @property
    def https(self) -> bool:
        """Whether browsers reach the site by https."""
        return (self.public_url or DEFAULT_PUBLIC_URL).startswith("https://")

    @property
    def site(self) -> str:
        """The site's host name, as people write it."""
        return origins.readable_host(self.public_url or DEFAULT_PUBLIC_URL)

    @classmethod
    def read(cls, config: Mapping[str, object], environment: Mapping[str, str]) -> "Settings":
        """Read every setting from `config`, or else from `environment`.

        Raises SettingsError naming the variable, its value and what is allowed.
        """
        given = {name: _text(config.get(name), _from_environment(name, environment)) for name in NAMES}
        database_url = _database_url(given["DATABASE_URL"] or DEFAULT_DATABASE_URL)
        return cls(
            database_url=database_url,
            secret_key=_secret_key(given["SECRET_KEY"], database_url),
            secret_key_fallbacks=_fallbacks(given["SECRET_KEY_FALLBACKS"]),
            public_url=_public_url(given["PUBLIC_URL"]),
            proxy_hops=_whole_number("PROXY_HOPS", given["PROXY_HOPS"], least=0, otherwise=0),
            workers=_whole_number("WORKERS", given["WORKERS"], least=1, otherwise=1),
            metrics_bind=_bind(given["METRICS_BIND"]),
        )


def _from_environment(name: str, environment: Mapping[str, str]) -> str:
    path = environment.get(f"{name}_FILE", "") if name in SECRETS else ""
    if not path:
        return environment.get(name, "")
    if environment.get(name):
        raise SettingsError(f"{name} and {name}_FILE are both set; allowed: one of them")
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}_FILE is {path!r}, which can't be read: {error}") from None


def _text(value: object, otherwise: str) -> str:
    if value is None:
        value = otherwise
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value).strip()


def _database_url(value: str) -> URL:
    try:
        url = make_url(value)
    except ArgumentError:
        url = None
    backend = {"postgres": "postgresql"}.get(url.drivername, url.get_backend_name()) if url else ""
    if not url or backend not in {"sqlite", "postgresql"} or (backend == "sqlite" and url.host):
        # The value is not shown: it may hold a password.
        raise SettingsError(
            "DATABASE_URL is not an address this application can use. "
            "Allowed: sqlite:///path/to/file, postgresql://user:password@host/database"
        )
    return url.set(drivername=backend)


def _secret_key(value: str, database_url: URL) -> str:
    if not value and database_url.drivername != "sqlite":
        raise SettingsError(f"SECRET_KEY is not set; with PostgreSQL all machines need the same one: {MAKE_A_KEY}")
    value = value or instance.secret_key(database_url)
    if len(value) < MIN_SECRET_KEY_LENGTH:
        raise SettingsError(
            f"SECRET_KEY has {len(value)} characters; it needs at least {MIN_SECRET_KEY_LENGTH}: {MAKE_A_KEY}"
        )
    letters = "".join(filter(str.isalnum, value.casefold()))
    if any(placeholder in letters for placeholder in PLACEHOLDERS):
        raise SettingsError(f"SECRET_KEY is a placeholder that anyone can guess: {MAKE_A_KEY}")
    return value


def _fallbacks(value: str) -> tuple[str, ...]:
    keys = tuple(filter(None, (key.strip() for key in value.split(","))))
    if any(len(key) < MIN_SECRET_KEY_LENGTH for key in keys):
        raise SettingsError(
            f"SECRET_KEY_FALLBACKS has a key of fewer than {MIN_SECRET_KEY_LENGTH} characters; "
            "allowed: earlier values of SECRET_KEY, with commas between"
        )
    return keys


def _public_url(value: str) -> str | None:
    if not value:
        return None
    origin = origins.origin(value)
    parts = urlsplit(value) if origin else None
    if not parts or parts.username or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise SettingsError(f"PUBLIC_URL is {value!r}; allowed: http:// or https:// and a host name, without a path")
    return origin


def _bind(value: str) -> tuple[str, int] | None:
    if not value:
        return None
    host, _, port = value.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise SettingsError(f"METRICS_BIND is {value!r}; allowed: host:port, for example 127.0.0.1:9100")
    return host.strip("[]"), int(port)


def _whole_number(name: str, value: str, *, least: int, otherwise: int) -> int:
    if not value:
        return otherwise
    if not (value.isascii() and value.isdigit() and int(value) >= least):
        raise SettingsError(f"{name} is {value!r}; allowed: a whole number from {least} up")
    return int(value)
