"""What our cookies have in common."""

from collections.abc import Mapping
from typing import Any

from quart_auth_app.settings import Settings


def cookie_name(name: str, settings: Settings) -> str:
    """Return the cookie's name; with https it has the prefix that only this host may set, over https (RFC 6265bis)."""
    return f"__Host-{name}" if settings.https else name


def signing_keys(config: Mapping[str, Any]) -> list[str]:
    """Return the keys that verify cookies; the last one signs new ones, the order of itsdangerous."""
    return [*(config["SECRET_KEY_FALLBACKS"] or []), config["SECRET_KEY"]]
