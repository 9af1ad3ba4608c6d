"""Signals, of Quart's own kind: what has happened to an account, for the code of a site.

A receiver takes the application first and the rest by name, and may be `async`:

    @signals.signed_up.connect
    async def greet(app: Quart, *, user: User, **_: object) -> None: ...

It is called after the commit and before the response leaves, with the request at hand. What it raises is logged: the
act itself has happened and stays.
"""

from typing import Any

from blinker import NamedSignal, Namespace
from quart import after_this_request, current_app
from quart.typing import ResponseTypes

_namespace = Namespace()

signed_up = _namespace.signal("signed-up")
"""An account was made. `user`: the new one."""

logged_in = _namespace.signal("logged-in")
"""A session has begun. `user`: whose it is."""

log_in_failed = _namespace.signal("log-in-failed")
"""The details were wrong. `email`: what was typed, which may be nobody's address."""

logged_out = _namespace.signal("logged-out")
"""A session was revoked by its owner. `user_id`: the owner's number."""


def announce(signal: NamedSignal, **values: Any) -> None:
    """Send the signal as soon as this request's response is ready: by then the act is committed."""

    @after_this_request
    async def send(response: ResponseTypes) -> ResponseTypes:
        app = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's own way to its target
        try:
            await signal.send_async(app, _sync_wrapper=app.ensure_async, **values)
        except Exception:
            app.logger.exception("a receiver of the signal %s failed", signal.name)
        return response
