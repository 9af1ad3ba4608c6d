"""Access keys in requests: a key opens a few of our pages, and the site's own."""

from contextlib import suppress

from quart import current_app, has_websocket_context

from quart_auth_app import clock
from quart_auth_app.accounts import access_keys
from quart_auth_app.accounts.access_keys import KeyNotEnough, KeyRefused
from quart_auth_app.accounts.sessions import Found
from quart_auth_app.accounts.throttling import limits
from quart_auth_app.database.errors import DatabaseAway
from quart_auth_app.web.edge.asking import asking
from quart_auth_app.web.edge.client import client_address
from quart_auth_app.web.services import services, transaction
from quart_auth_app.web.telemetry import security_log

OPEN = {
    "main.index",
    "main.profile",
    "account.overview",
    "account.name_post",
    "account.own_post",
    "sessions.overview",
    "activity.overview",
}
"""Our endpoints that a key opens. All others, including future ones, need a log-in."""

OURS = "quart_auth_app.blueprints."
"""The package of our views."""


async def found_by_key(text: str) -> Found:
    """Return the user of this key. Raises KeyRefused, KeyNotEnough, or TooManyAttempts after many wrong keys."""
    now = clock.now()
    found = await access_keys.by_text(services().database.look_up, text=text, now=now)
    if not found:
        security_log.write("access_key_refused", reason="unknown")
        counter = limits.ACCESS_KEY_BY_ADDRESS, limits.network(client_address())
        await services().refusals.count(services().database, counter, now=now)
        raise KeyRefused
    if has_websocket_context() or (_is_ours() and asking().endpoint not in OPEN):
        # No WebSockets: one may stay open for days, and nothing would check whether its key is still active.
        security_log.write("access_key_refused", reason="not enough", user=found.user["id"])
        raise KeyNotEnough
    if found.session["is_stale"]:
        with suppress(DatabaseAway):  # a stale last_used_at is better than a failed answer
            async with transaction() as db:
                await access_keys.touch(db, number=found.session["access_key"], now=now)
    return found


def _is_ours() -> bool:
    view = current_app.view_functions.get(asking().endpoint or "")
    return view is not None and view.__module__.startswith(OURS)


def is_key(found: Found) -> bool:
    """Tell whether the request came with a key instead of a log-in."""
    return bool(found.session["methods"] == access_keys.METHOD)
