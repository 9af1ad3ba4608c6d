"""Settings: read from the environment once, checked, and handed on. Nothing else reads the environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from sqlalchemy.engine import URL

from quart_auth_app import content_policy, database_urls, instance, mail_urls, near_misses, origins, provider_settings
from quart_auth_app.instance import SettingsError
from quart_auth_app.mail_urls import MailUrl
from quart_auth_app.provider_settings import ProviderSettings

DEFAULT_DATABASE_URL = "sqlite:///instance/db.sqlite"
DEFAULT_PUBLIC_URL = "http://localhost:8000"
DEFAULT_SITE_NAME = "Quart Auth App"

MAX_SITE_NAME = 64
"""Characters of the longest site name: it has to fit a title, a subject line, and an authenticator app's list."""

MAX_VALUE = 2000
"""Characters of any setting but the keys. A message repeats what is wrong, and has to be one that people can read."""

MOST = 1000
"""Workers and proxies that are believed; a number beyond it is a mistake."""

MAX_MAIL_FROM = 200
"""Characters of the longest sender: its domain is a part of each mail's Message-ID, which the outbox keeps."""

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

MAX_FILE = instance.MAX_FILE
"""Bytes that are read of a file with a secret; more is another file, such as /dev/zero."""

NAMES = (
    "DATABASE_URL",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "PUBLIC_URL",
    "PROXY_HOPS",
    "SITE_NAME",
    "SIGN_UP",
    "LANGUAGES",
    "MAIL_URL",
    "MAIL_FROM",
    "MAILED_LOGIN",
    "OIDC_PROVIDERS",
    "WORKERS",
    "METRICS_BIND",
    "CSP_ALLOW",
    "ROLES",
    "ADMIN_SECOND_STEP",
    "OPENAPI",
)

OUR_ROLES = ("user", "admin")

ROLE = re.compile(r"[a-z][a-z0-9_-]{0,31}", re.ASCII)

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
    languages: tuple[str, ...]
    """The codes of what the pages are offered in, the first for who asks for none of them; none means all there are."""
    mail_url: MailUrl | None
    """None where no mail is sent; then everything is as in the tutorial."""
    mail_from: str
    mailed_login: bool
    """Whether people may log in by a link or a code that is mailed to them."""
    providers: tuple[ProviderSettings, ...]
    """Other sites by whose accounts people may log in."""
    workers: int
    metrics_bind: tuple[str, int] | None
    csp_allow: content_policy.Policy
    """What pages may load beside what ours need."""
    roles: tuple[str, ...]
    """The site's own roles, beside `user` and `admin`."""
    admin_second_step: bool
    """Whether admins need a second step or a passkey."""
    openapi: bool
    """Whether `/openapi.json` is served."""

    @property
    def all_roles(self) -> frozenset[str]:
        """The roles that there are."""
        return frozenset({*OUR_ROLES, *self.roles})

    @property
    def sender(self) -> str | None:
        """The address that mails come from, None where none is sent."""
        return self.mail_from if self.mail_url else None

    @property
    def https(self) -> bool:
        """Whether browsers reach the site by https."""
        return (self.public_url or DEFAULT_PUBLIC_URL).startswith("https://")

    @property
    def base_url(self) -> str:
        """What links in mail begin with; never taken from a request."""
        return self.public_url or DEFAULT_PUBLIC_URL

    @property
    def passkey_host(self) -> str | None:
        """The host that passkeys are made for; None where it is an IP address, for which browsers make none."""
        host = urlsplit(self.base_url).hostname or ""
        return None if origins.is_ip_address(host) else host

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
            sign_up_open=_is_chosen("SIGN_UP", given["SIGN_UP"], "open", "closed"),
            languages=tuple(filter(None, (code.strip() for code in given["LANGUAGES"].split(",")))),
            mail_url=mail_url,
            mail_from=_mail_from(given["MAIL_FROM"], mail_url),
            mailed_login=_mailed_login(given["MAILED_LOGIN"], mail_url),
            providers=_providers(given["OIDC_PROVIDERS"], config, environment),
            workers=_whole_number("WORKERS", given["WORKERS"], least=1, otherwise=1),
            metrics_bind=_bind(given["METRICS_BIND"]),
            csp_allow=_csp_allow(given["CSP_ALLOW"]),
            roles=_roles(given["ROLES"]),
            admin_second_step=_is_chosen("ADMIN_SECOND_STEP", given["ADMIN_SECOND_STEP"], "required", "optional"),
            openapi=_openapi(given["OPENAPI"], public_url),
        )


def _given(name: str, source: Mapping[str, object]) -> str:
    """Return the value that `source` has for a setting, or that its file holds; "" if there is none."""
    path = _text(f"{name}_FILE", source.get(f"{name}_FILE")) if _may_be_a_file(name) else ""
    value = _text(name, source.get(name))
    if not path:
        return value
    if value:
        raise SettingsError(f"{name} and {name}_FILE are both set; allowed: one of them")
    return _text(name, _content(f"{name}_FILE", path))


def _may_be_a_file(name: str) -> bool:
    return name in SECRETS or name.endswith("_CLIENT_SECRET")


def _providers(
    value: str, config: Mapping[str, object], environment: Mapping[str, str]
) -> tuple[ProviderSettings, ...]:
    known = {name for each in provider_settings.listed(value) for name in provider_settings.names(each)}
    known |= {f"{name}_FILE" for name in known if _may_be_a_file(name)}
    for name in config:
        if name.startswith(provider_settings.PREFIX) and name not in known | set(ALL_NAMES):
            raise SettingsError(f"{name} belongs to no provider of OIDC_PROVIDERS; allowed: {', '.join(sorted(known))}")
    return provider_settings.read(value, lambda name: _given(name, config) or _given(name, environment))


def is_ours(name: str) -> bool:
    """Tell whether a key of `config` is one of our settings, and so nothing for `app.config`."""
    return name in ALL_NAMES or name.startswith(provider_settings.PREFIX)


def _content(name: str, path: str) -> str:
    # The path is not shown: it may be the secret itself, put into the wrong variable.
    try:
        with instance.opened(path) as file:
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
    if len(text) > MAX_VALUE and not name.startswith("SECRET_KEY") and not name.endswith("_FILE"):
        raise SettingsError(f"{name} has {len(text)} characters; allowed: at most {MAX_VALUE}")
    if not text.isprintable() and not name.startswith("SECRET_KEY"):
        raise SettingsError(f"{name} has a line break or another character that can't be printed in it")
    return text


def _database_url(value: str) -> URL:
    url = database_urls.parsed(value)
    if not url:
        # The value is not shown: it may hold a password.
        raise SettingsError(
            f"DATABASE_URL is not an address this application can use. Allowed: {database_urls.ALLOWED}"
        )
    return url


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


def _is_chosen(name: str, value: str, usual: str, other: str) -> bool:
    """Tell whether a setting that has two values has, or is left at, the usual one."""
    if value not in {"", usual, other}:
        raise SettingsError(f"{name} is {_shown(value)}; allowed: {usual}, {other}")
    return value != other


def _roles(value: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(filter(None, (name.strip() for name in value.split(",")))))
    for name in names:
        if name in OUR_ROLES or not ROLE.fullmatch(name):
            raise SettingsError(
                f"ROLES has {_shown(name)} in it; allowed: names of up to 32 small letters, digits, - and _, with "
                "commas between, other than user and admin"
            )
    return names


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
    if len(value) > MAX_MAIL_FROM:
        raise SettingsError(f"MAIL_FROM has {len(value)} characters; allowed: at most {MAX_MAIL_FROM}")
    try:
        address = Address(addr_spec=value) if value.isascii() else None
    except (HeaderParseError, ValueError, IndexError):
        address = None
    if not address or not address.username or not address.domain:
        raise SettingsError("MAIL_FROM is not an address; allowed: one address in ASCII, such as accounts@example.com")
    return value


def _mailed_login(value: str, mail_url: MailUrl | None) -> bool:
    is_on = not _is_chosen("MAILED_LOGIN", value, "no", "yes")
    if is_on and not mail_url:
        raise SettingsError("MAILED_LOGIN is yes and MAIL_URL is not set: without mail nobody could log in by it")
    return is_on


def _openapi(value: str, public_url: str | None) -> bool:
    if not value:  # what helps a developer helps an attacker too: in production somebody has to ask for it
        return not (public_url or DEFAULT_PUBLIC_URL).startswith("https://")
    return _is_chosen("OPENAPI", value, "on", "off")


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


def _csp_allow(value: str) -> content_policy.Policy:
    try:
        return content_policy.parsed(value)
    except ValueError as error:
        raise SettingsError(f"CSP_ALLOW: {error}") from None


def _whole_number(name: str, value: str, *, least: int, otherwise: int) -> int:
    if not value:
        return otherwise
    if not (value.isascii() and value.isdigit() and int(value) >= least):
        raise SettingsError(f"{name} is {_shown(value)}; allowed: a whole number from {least} up")
    if int(value) > MOST:
        raise SettingsError(f"{name} is {_shown(value)}; allowed: a whole number up to {MOST}")
    return int(value)


def _shown(value: str) -> str:
    """Return a value for a message, unless it may be an address with a password, put into the wrong variable."""
    return "an address" if "@" in value else repr(value)
