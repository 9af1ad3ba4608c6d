"""Settings: read from the environment once, and checked. No other code reads the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from sqlalchemy.engine import URL

from quart_auth_app import content_policy, origins
from quart_auth_app.instance import SettingsError
from quart_auth_app.mail_urls import MailUrl
from quart_auth_app.settings import keys, mail, near_misses, providers, site_values
from quart_auth_app.settings.providers import ProviderSettings
from quart_auth_app.settings.sources import SECRETS, given, may_be_a_file
from quart_auth_app.settings.values import bind, database, is_chosen, whole_number

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
    "FLASK_SECURITY_PASSWORD_SALT",
)

ALL_NAMES = (*NAMES, *(f"{name}_FILE" for name in SECRETS))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The operator's decisions. README.md explains each, under the same name in upper case."""

    database_url: URL
    secret_key: str
    secret_key_fallbacks: tuple[str, ...]
    public_url: str | None
    proxy_hops: int
    site_name: str
    sign_up_open: bool
    languages: tuple[str, ...]
    """Codes of the languages that are offered; the first is the default. Empty means all that there are."""
    mail_url: MailUrl | None
    """None if no mail is sent; then everything works as in the tutorial."""
    mail_from: str
    mailed_login: bool
    """Whether people may log in by a link or a code that is mailed to them."""
    providers: tuple[ProviderSettings, ...]
    """OpenID Connect providers that people may log in with."""
    workers: int
    metrics_bind: tuple[str, int] | None
    csp_allow: content_policy.Policy
    """Sources that pages may load beside those of our own pages."""
    roles: tuple[str, ...]
    """The site's own roles, beside `user` and `admin`."""
    admin_second_step: bool
    """Whether admins need a second step or a passkey."""
    openapi: bool
    """Whether `/openapi.json` is served."""
    flask_security_password_salt: str
    """The SECURITY_PASSWORD_SALT of the Flask-Security site whose hashes were imported; "" for none."""

    @property
    def all_roles(self) -> frozenset[str]:
        """All roles: ours and the site's."""
        return frozenset({*site_values.OUR_ROLES, *self.roles})

    @property
    def sender(self) -> str | None:
        """The address that mails come from, None if no mail is sent."""
        return self.mail_from if self.mail_url else None

    @property
    def https(self) -> bool:
        """Whether browsers reach the site by https."""
        return (self.public_url or site_values.DEFAULT_URL).startswith("https://")

    @property
    def base_url(self) -> str:
        """The first part of links in mail; never taken from a request, where a client could choose it."""
        return self.public_url or site_values.DEFAULT_URL

    @cached_property
    def passkey_host(self) -> str | None:
        """The host that passkeys are made for; None for an IP address, where browsers make no passkeys."""
        host = urlsplit(self.base_url).hostname or ""
        return None if origins.is_ip_address(host) else host

    @property
    def site(self) -> str:
        """The site's host name, as people write it."""
        return origins.readable_host(self.public_url or site_values.DEFAULT_URL)

    @classmethod
    def read(cls, config: Mapping[str, object], environment: Mapping[str, str], *, create: bool = True) -> "Settings":
        """Read every setting from `config`, or else from `environment`. Other keys of `config` are ignored.

        Without `create`, no secret key is stored. Raises SettingsError; the message names the variable and the allowed
        values, and shows the value only if it can't be a secret.
        """
        for name in config:
            if meant := near_misses.meant(name, ALL_NAMES):
                raise SettingsError(f"{name} is no setting; {meant} is probably meant")
        values = {name: given(name, config) or given(name, environment) for name in NAMES}
        database_url = database(values["DATABASE_URL"])
        public_url = site_values.public_url(values["PUBLIC_URL"])
        mail_url = mail.mail_url(values["MAIL_URL"], public_url)
        return cls(
            database_url=database_url,
            secret_key=keys.secret_key(values["SECRET_KEY"], database_url, create=create),
            secret_key_fallbacks=keys.fallbacks(values["SECRET_KEY_FALLBACKS"]),
            public_url=public_url,
            proxy_hops=whole_number("PROXY_HOPS", values["PROXY_HOPS"], least=0, otherwise=0),
            site_name=site_values.name(values["SITE_NAME"]),
            sign_up_open=is_chosen("SIGN_UP", values["SIGN_UP"], "open", "closed"),
            languages=tuple(filter(None, (code.strip() for code in values["LANGUAGES"].split(",")))),
            mail_url=mail_url,
            mail_from=mail.mail_from(values["MAIL_FROM"], mail_url),
            mailed_login=mail.mailed_login(values["MAILED_LOGIN"], mail_url),
            providers=_providers(values["OIDC_PROVIDERS"], config, environment),
            workers=whole_number("WORKERS", values["WORKERS"], least=1, otherwise=1),
            metrics_bind=bind(values["METRICS_BIND"]),
            csp_allow=site_values.csp_allow(values["CSP_ALLOW"]),
            roles=site_values.roles(values["ROLES"]),
            admin_second_step=is_chosen("ADMIN_SECOND_STEP", values["ADMIN_SECOND_STEP"], "required", "optional"),
            openapi=site_values.openapi(values["OPENAPI"], public_url),
            flask_security_password_salt=values["FLASK_SECURITY_PASSWORD_SALT"],
        )


def _providers(
    value: str, config: Mapping[str, object], environment: Mapping[str, str]
) -> tuple[ProviderSettings, ...]:
    known = {name for each in providers.listed(value) for name in providers.names(each)}
    known |= {f"{name}_FILE" for name in known if may_be_a_file(name)}
    for name in config:
        if name.startswith(providers.PREFIX) and name not in known | set(ALL_NAMES):
            raise SettingsError(f"{name} belongs to no provider of OIDC_PROVIDERS; allowed: {', '.join(sorted(known))}")
    return providers.read(value, lambda name: given(name, config) or given(name, environment))


def is_ours(name: str) -> bool:
    """Tell whether a key of `config` is one of our settings, which don't go to `app.config`."""
    return name in ALL_NAMES or name.startswith(providers.PREFIX)
