"""Sessions: one row for each log-in, found by the token in the browser's cookie."""

from quart_auth_app.accounts.sessions.finding import Found, active, by_token, count_active, own, touch
from quart_auth_app.accounts.sessions.lifetimes import (
    ABSOLUTE,
    IDLE,
    REMEMBERED_ABSOLUTE,
    REMEMBERED_IDLE,
    REPLACED_LASTS,
    TOUCH_EVERY,
    expired,
    is_stale,
)
from quart_auth_app.accounts.sessions.renewing import Renewed, add_method, again, insist_on_active, renew, renew_own
from quart_auth_app.accounts.sessions.revoking import (
    OTHERS,
    NoSuchSession,
    revoke,
    revoke_all,
    revoke_everybodys,
    revoke_one,
    revoke_others,
    revoke_own,
    revoke_wanted,
)
from quart_auth_app.accounts.sessions.session_tokens import info, token_by
from quart_auth_app.accounts.sessions.starting import COMPLETE, MAX_FOR_ONE, Started, start, trim

__all__ = [
    "ABSOLUTE",
    "COMPLETE",
    "IDLE",
    "MAX_FOR_ONE",
    "OTHERS",
    "REMEMBERED_ABSOLUTE",
    "REMEMBERED_IDLE",
    "REPLACED_LASTS",
    "TOUCH_EVERY",
    "Found",
    "NoSuchSession",
    "Renewed",
    "Started",
    "active",
    "add_method",
    "again",
    "by_token",
    "count_active",
    "expired",
    "info",
    "insist_on_active",
    "is_stale",
    "own",
    "renew",
    "renew_own",
    "revoke",
    "revoke_all",
    "revoke_everybodys",
    "revoke_one",
    "revoke_others",
    "revoke_own",
    "revoke_wanted",
    "start",
    "token_by",
    "touch",
    "trim",
]
