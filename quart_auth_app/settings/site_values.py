"""Checks for what describes the site: where browsers reach it, its name, its roles, and what its pages may load."""

import re
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from quart_auth_app import content_policy, origins
from quart_auth_app.instance import SettingsError
from quart_auth_app.settings.values import is_chosen, shown

DEFAULT_URL = "http://localhost:8000"
DEFAULT_NAME = "Quart Auth App"

MAX_NAME = 64
"""Longest site name in characters: it has to fit a title, a subject line, and an authenticator app's list."""

OUR_ROLES = ("user", "admin")

ROLE = re.compile(r"[a-z][a-z0-9_-]{0,31}", re.ASCII)


def public_url(value: str) -> str | None:
    if not value:
        return None
    if "@" in value:  # not shown: there may be a password in front of it
        raise SettingsError("PUBLIC_URL has a user or a password in it; allowed: http:// or https:// and a host name")
    origin = origins.origin(value)
    parts = urlsplit(value) if origin else None
    odd = {"?", "#"} & set(value)
    if not parts or odd or parts.path not in {"", "/"} or parts.port == 0 or not _is_host(parts.hostname or ""):
        said = repr(value) if "://" in value else shown(value)
        raise SettingsError(f"PUBLIC_URL is {said}; allowed: http:// or https:// and a host name, without a path")
    return origin


def _is_host(host: str) -> bool:
    if ":" in host:  # urlsplit removes the brackets of an IPv6 address, and only newer Pythons check what was in them
        try:
            return bool(IPv6Address(host))
        except ValueError:
            return False
    return not set(host) & set(" \\%<>^`{|}[]\"'")


def name(value: str) -> str:
    if len(value) > MAX_NAME:
        raise SettingsError(f"SITE_NAME has {len(value)} characters; allowed: at most {MAX_NAME}")
    return value or DEFAULT_NAME


def roles(value: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(filter(None, (role.strip() for role in value.split(",")))))
    for role in names:
        if role in OUR_ROLES or not ROLE.fullmatch(role):
            raise SettingsError(
                f"ROLES has {shown(role)} in it; allowed: names of up to 32 small letters, digits, - and _, "
                "with commas between, other than user and admin"
            )
    return names


def openapi(value: str, public_url: str | None) -> bool:
    if not value:  # it helps attackers too, so in production an operator has to turn it on
        return not (public_url or DEFAULT_URL).startswith("https://")
    return is_chosen("OPENAPI", value, "on", "off")


def csp_allow(value: str) -> content_policy.Policy:
    try:
        return content_policy.parsed(value)
    except ValueError as error:
        raise SettingsError(f"CSP_ALLOW: {error}") from None
