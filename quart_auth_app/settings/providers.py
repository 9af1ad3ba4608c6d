"""OIDC_PROVIDERS: the OpenID Connect providers that people may log in with, and the settings of each."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from quart_auth_app import origins
from quart_auth_app.instance import SettingsError
from quart_auth_app.settings.values import shown

PREFIX = "OIDC_"

NAME = re.compile(r"[a-z][a-z0-9-]{0,29}")
"""A name is part of URLs, and of the names of the provider's settings: there in upper case, with _ for a hyphen."""

MAX_LABEL = 40
"""Longest label in characters: it has to fit a button."""

MAX_ISSUER = 255
"""Longest issuer in characters: the length of its column in `identity`."""


@dataclass(frozen=True)
class ProviderSettings:
    """One provider, as the operator configured it."""

    name: str
    issuer: str
    """The provider's issuer identifier, exactly as the provider writes it, with or without a slash at the end."""
    client_id: str
    client_secret: str = field(repr=False)
    label: str
    """What people read on the button."""


def names(name: str) -> tuple[str, ...]:
    """Return the names of a provider's settings, without those that end in _FILE."""
    prefix = f"{PREFIX}{name.upper().replace('-', '_')}"
    return tuple(f"{prefix}_{end}" for end in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "LABEL"))


def listed(value: str) -> list[str]:
    """Return the providers' names. Raises SettingsError."""
    found = [name.strip() for name in value.split(",") if name.strip()]
    for name in found:
        if not NAME.fullmatch(name):
            raise SettingsError(
                f"OIDC_PROVIDERS has {shown(name)}; allowed: names of at most 30 lower-case letters, digits and "
                "hyphens, with commas between"
            )
    if len({names(name) for name in found}) < len(found):
        raise SettingsError("OIDC_PROVIDERS has a name twice")
    return found


def read(value: str, given: Callable[[str], str]) -> tuple[ProviderSettings, ...]:
    """Return the providers that OIDC_PROVIDERS names; `given` returns another setting's value. Raises SettingsError."""
    found = tuple(_read(name, given) for name in listed(value))
    for index, provider in enumerate(found):
        if any(provider.issuer == other.issuer for other in found[:index]):
            raise SettingsError(f"{names(provider.name)[0]} is the issuer of two providers; allowed: each once")
    return found


def _read(name: str, given: Callable[[str], str]) -> ProviderSettings:
    needed = names(name)[:3]
    values = [given(each) for each in needed]
    for setting, value in zip(needed, values, strict=True):
        if not value:
            raise SettingsError(f"{setting} is not set; OIDC_PROVIDERS has {name}, which needs {', '.join(needed)}")
    issuer, client_id, secret = values
    if not is_safe(issuer) or {"?", "#"} & set(issuer) or len(issuer) > MAX_ISSUER:
        raise SettingsError(
            f"{needed[0]} is not an address of a provider; allowed: https:// and what the provider calls its issuer, "
            "for example https://accounts.example.com; http:// only for this machine itself"
        )
    label = given(names(name)[3]) or name.replace("-", " ").title()
    if len(label) > MAX_LABEL:
        raise SettingsError(f"{names(name)[3]} has {len(label)} characters; allowed: at most {MAX_LABEL}")
    return ProviderSettings(name, issuer, client_id, secret, label)


def is_safe(url: str) -> bool:
    """Tell whether requests to the URL can't be read or changed on the way: https, or http to this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if not url.isascii() or not url.isprintable() or " " in url or "@" in parts.netloc:
        return False
    return parts.scheme in {"http", "https"} and bool(origins.origin(url)) and origins.is_trustworthy(url)
