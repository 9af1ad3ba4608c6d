"""Settings: read from the environment once, checked, and handed on. Nothing else reads the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from quart_auth_app import instance, mail_urls, near_misses, origins
from quart_auth_app.instance import SettingsError
from quart_auth_app.mail_urls import MailUrl

DEFAULT_DATABASE_URL = "sqlite:///instance/db.sqlite"
DEFAULT_PUBLIC_URL = "http://localhost:8000"
DEFAULT_SITE_NAME = "Quart Auth App"

MAX_SITE_NAME = 64
"""Characters of the longest site name: it has to fit a title, a subject line, and an authenticator app's list."""

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

SECRETS = ("DATABASE_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "MAIL_URL")
"""May come from a file instead, named by the same name and _FILE, as container platforms hand out secrets."""

MAX_FILE = 64 * 1024
"""Bytes that are read of a file with a secret; more is another file, such as /dev/zero."""

NAMES = (
    "DATABASE_URL",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "PUBLIC_URL",
    "PROXY_HOPS",
    "SITE_NAME",
    "SIGN_UP",
    "MAIL_URL",
    "MAIL_FROM",
    "WORKERS",
    "METRICS_BIND",
)

ALL_NAMES = (*NAMES, *(f"{name}_FILE" for name in SECRETS))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the operator decides. README.md explains each; the names there are these in upper case."""

    database_url: URL
    secret_key: str
    secret_key_fallbacks: tuple[str, ...]
    public_url: str | None
    proxy_hops: int
    site_name: str
    sign_up_open: bool
    mail_url: MailUrl | None
    """None where no mail is sent; then everything is as in the tutorial."""
    mail_from: str
    workers: int
    metrics_bind: tuple[str, int] | None

    @property
    def https(self) -> bool:
        """Whether browsers reach the site by https."""
        return (self.public_url or DEFAULT_PUBLIC_URL).startswith("https://")

    @property
    def base_url(self) -> str:
        """What links in mail begin with; never taken from a request."""
        return self.public_url or DEFAULT_PUBLIC_URL

    @property
    def site(self) -> str:
        """The site's host name, as people write it."""
        return origins.readable_host(self.public_url or DEFAULT_PUBLIC_URL)

    @classmethod
    def read(cls, config: Mapping[str, object], environment: Mapping[str, str], *, create: bool = True) -> "Settings":
        """Read every setting from `config`, or else from `environment`. Other keys of `config` are passed by.

        Without `create` no secret key is made. Raises SettingsError naming the variable and what is allowed; the value
        is shown only where it can't be a secret.
        """
        for name in config:
            if meant := near_misses.meant(name, ALL_NAMES):
                raise SettingsError(f"{name} is no setting; {meant} is probably meant")
        given = {name: _given(name, config) or _given(name, environment) for name in NAMES}
        database_url = _database_url(given["DATABASE_URL"] or DEFAULT_DATABASE_URL)
        public_url = _public_url(given["PUBLIC_URL"])
        mail_url = _mail_url(given["MAIL_URL"], public_url)
        return cls(
            database_url=database_url,
            secret_key=_secret_key(given["SECRET_KEY"], database_url, create=create),
            secret_key_fallbacks=_fallbacks(given["SECRET_KEY_FALLBACKS"]),
            public_url=public_url,
            proxy_hops=_whole_number("PROXY_HOPS", given["PROXY_HOPS"], least=0, otherwise=0),
            site_name=_site_name(given["SITE_NAME"] or DEFAULT_SITE_NAME),
            sign_up_open=_sign_up(given["SIGN_UP"] or "open"),
            mail_url=mail_url,
            mail_from=_mail_from(given["MAIL_FROM"], mail_url),
            workers=_whole_number("WORKERS", given["WORKERS"], least=1, otherwise=1),
            metrics_bind=_bind(given["METRICS_BIND"]),
        )


def _given(name: str, source: Mapping[str, object]) -> str:
    """Return the value that `source` has for a setting, or that its file holds; "" if there is none."""
    path = _text(f"{name}_FILE", source.get(f"{name}_FILE")) if name in SECRETS else ""
    value = _text(name, source.get(name))
    if not path:
        return value
    if value:
        raise SettingsError(f"{name} and {name}_FILE are both set; allowed: one of them")
    return _text(name, _content(f"{name}_FILE", path))


def _content(name: str, path: str) -> str:
    # The path is not shown: it may be the secret itself, put into the wrong variable.
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is no path"
        raise SettingsError(f"{name} is a file that can't be read: {reason}") from None
    if len(content) > MAX_FILE:
        raise SettingsError(f"{name} is a file of more than {MAX_FILE} bytes, so it can't be the right one")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise SettingsError(f"{name} is a file that can't be read: it is not text in UTF-8") from None


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value).strip()
    try:
        text.encode()
    except UnicodeEncodeError:  # what the environment holds may be any bytes
        raise SettingsError(f"{name} is not text in UTF-8") from None
    if not text.isprintable() and not name.startswith("SECRET_KEY"):
        raise SettingsError(f"{name} has a line break or another character that can't be printed in it")
    return text


def _database_url(value: str) -> URL:
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        url = None
    backend = {"postgres": "postgresql"}.get(url.drivername, url.get_backend_name()) if url else ""
    if not url or not _is_usable(url, backend):
        # The value is not shown: it may hold a password.
        raise SettingsError(
            "DATABASE_URL is not an address this application can use. "
            "Allowed: sqlite:///path/to/file, postgresql://user:password@host/database, "
            "with %40 for an @ in the user or the password, %3A for a :, %2F for a /"
        )
    return url.set(drivername=backend)


def _is_usable(url: URL, backend: str) -> bool:
    if backend == "sqlite":
        # SQLAlchemy would refuse a host or a user later on, and show the password in its message.
        return not (url.host or url.port or url.username or url.password or url.query)
    # An @ behind the host's is what is left of a password that has one: it would be taken for a part of a name, and so
    # be shown in messages.
    rest = f"{url.host}{url.database}{dict(url.query)}"
    return backend == "postgresql" and "@" not in rest and (url.port is None or 0 < url.port < 65536)


def _secret_key(value: str, database_url: URL, *, create: bool) -> str:
    if not value and database_url.drivername != "sqlite":
        raise SettingsError(f"SECRET_KEY is not set; with PostgreSQL all machines need the same one: {MAKE_A_KEY}")
    value = value or instance.secret_key(database_url, create=create)
    if len(value) < MIN_SECRET_KEY_LENGTH:
        raise SettingsError(
            f"SECRET_KEY has {len(value)} characters; it needs at least {MIN_SECRET_KEY_LENGTH}: {MAKE_A_KEY}"
        )
    if _is_placeholder(value):
        raise SettingsError(f"SECRET_KEY is a placeholder that anyone can guess: {MAKE_A_KEY}")
    return value


def _is_placeholder(key: str) -> bool:
    letters = "".join(filter(str.isalnum, key.casefold()))
    return any(placeholder in letters for placeholder in PLACEHOLDERS)


def _fallbacks(value: str) -> tuple[str, ...]:
    keys = tuple(filter(None, (key.strip() for key in value.split(","))))
    if any(len(key) < MIN_SECRET_KEY_LENGTH for key in keys):
        raise SettingsError(
            f"SECRET_KEY_FALLBACKS has a key of fewer than {MIN_SECRET_KEY_LENGTH} characters; "
            "allowed: earlier values of SECRET_KEY, with commas between"
        )
    if any(_is_placeholder(key) for key in keys):
        # Whoever guesses it could sign cookies, as with SECRET_KEY itself.
        raise SettingsError("SECRET_KEY_FALLBACKS has a placeholder that anyone can guess; leave it out")
    return keys


def _public_url(value: str) -> str | None:
    if not value:
        return None
    if "@" in value:  # not shown: there may be a password in front of it
        raise SettingsError("PUBLIC_URL has a user or a password in it; allowed: http:// or https:// and a host name")
    origin = origins.origin(value)
    parts = urlsplit(value) if origin else None
    odd = {"?", "#"} & set(value)
    if not parts or odd or parts.path not in {"", "/"} or parts.port == 0 or not _is_host(parts.hostname or ""):
        raise SettingsError(f"PUBLIC_URL is {value!r}; allowed: http:// or https:// and a host name, without a path")
    return origin


def _site_name(value: str) -> str:
    if len(value) > MAX_SITE_NAME:
        raise SettingsError(f"SITE_NAME has {len(value)} characters; allowed: at most {MAX_SITE_NAME}")
    return value


def _sign_up(value: str) -> bool:
    if value not in {"open", "closed"}:
        raise SettingsError(f"SIGN_UP is {_shown(value)}; allowed: open, closed")
    return value == "open"


def _mail_url(value: str, public_url: str | None) -> MailUrl | None:
    if not value:
        return None
    url = mail_urls.parsed(value)
    if not url:  # not shown: it may hold a password
        raise SettingsError(f"MAIL_URL is not an address that mail can be handed to. Allowed: {mail_urls.ALLOWED}")
    if url.scheme == "log" and (public_url or "").startswith("https://"):
        raise SettingsError(
            "MAIL_URL is log:, which prints links that let people in; it does not go with an https PUBLIC_URL"
        )
    if url.is_smtp and not public_url:
        raise SettingsError("PUBLIC_URL is not set; with smtp the links in mails need it: where users reach the site")
    return url


def _mail_from(value: str, mail_url: MailUrl | None) -> str:
    if not value:
        if mail_url and mail_url.is_smtp:
            raise SettingsError("MAIL_FROM is not set; with smtp it has to be the address that mails come from")
        return "noreply@localhost"
    try:
        address = Address(addr_spec=value) if value.isascii() else None
    except (HeaderParseError, ValueError, IndexError):
        address = None
    if not address or not address.username or not address.domain:
        raise SettingsError("MAIL_FROM is not an address; allowed: one address in ASCII, such as accounts@example.com")
    return value


def _is_host(host: str) -> bool:
    if ":" in host:  # urlsplit has taken the brackets of an IPv6 address away, and looked at them in newer Pythons only
        try:
            return bool(IPv6Address(host))
        except ValueError:
            return False
    return not set(host) & set(" \\%<>^`{|}[]\"'")


def _bind(value: str) -> tuple[str, int] | None:
    if not value:
        return None
    host, _, port = value.rpartition(":")
    if not host or "@" in host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise SettingsError(f"METRICS_BIND is {_shown(value)}; allowed: host:port, for example 127.0.0.1:9100")
    return host.strip("[]"), int(port)


def _whole_number(name: str, value: str, *, least: int, otherwise: int) -> int:
    if not value:
        return otherwise
    if not (value.isascii() and value.isdigit() and int(value) >= least):
        raise SettingsError(f"{name} is {_shown(value)}; allowed: a whole number from {least} up")
    return int(value)


def _shown(value: str) -> str:
    """Return a value for a message, unless it may be an address with a password, put into the wrong variable."""
    return "an address" if "@" in value else repr(value)
