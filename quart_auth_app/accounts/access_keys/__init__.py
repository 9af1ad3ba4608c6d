"""Access keys, which scripts send instead of logging in. A key opens less than a log-in, and is never a proof."""

from quart_auth_app.accounts.access_keys.keys import PREFIX, SHOWN, expired
from quart_auth_app.accounts.access_keys.owning import (
    MAX_DAYS,
    MAX_KEYS,
    NoSuchAccessKey,
    TooManyAccessKeys,
    WrongLifetime,
    create,
    own,
    revoke,
    revoke_all,
)
from quart_auth_app.accounts.access_keys.using import METHOD, KeyNotEnough, KeyRefused, by_text, touch

__all__ = [
    "MAX_DAYS",
    "MAX_KEYS",
    "METHOD",
    "PREFIX",
    "SHOWN",
    "KeyNotEnough",
    "KeyRefused",
    "NoSuchAccessKey",
    "TooManyAccessKeys",
    "WrongLifetime",
    "by_text",
    "create",
    "expired",
    "own",
    "revoke",
    "revoke_all",
    "touch",
]
