"""What our cookies have in common."""

from collections.abc import Mapping
from typing import Any

from quart_auth_app.settings import Settings


def cookie_name(name: str, settings: Settings) -> str:
    """Return the cookie's name: with https the prefix that keeps other hosts and http from setting it (RFC 6265bis)."""
    return f"__Host-{name}" if settings.https else name


def signing_keys(config: Mapping[str, Any]) -> list[str]:
    """Return the keys that may have signed a cookie; the last one signs new ones, as itsdangerous has it."""
    return [*(config["SECRET_KEY_FALLBACKS"] or []), config["SECRET_KEY"]]
