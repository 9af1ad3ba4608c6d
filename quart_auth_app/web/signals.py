"""Signals, of Quart's own kind: what has happened to an account, for the code of a site.

A receiver takes the application first and the rest by name, and may be `async`:

    @signals.signed_up.connect
    async def greet(app: Quart, *, user: User, **_: object) -> None: ...

It is called after the commit and before the response leaves, with the request at hand, unless said otherwise. What it
raises is logged: the act itself has happened and stays.
"""

from typing import Any, cast

from blinker import NamedSignal, Namespace
from quart import Quart, after_this_request, current_app
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

password_changed = _namespace.signal("password-changed")
"""A user has given the account another password. `user_id`: whose it is."""

email_changed = _namespace.signal("email-changed")
"""An account has another address, or its former one again. `user_id`: whose it is."""

deletion_asked = _namespace.signal("deletion-asked")
"""A user wants the account to be deleted in 14 days. `user_id`: who."""

deletion_cancelled = _namespace.signal("deletion-cancelled")
"""A user keeps the account after all. `user_id`: who."""

deleted = _namespace.signal("deleted")
"""An account is gone, as its owner asked 14 days before, or as an operator wanted. `user_id`: its number. Sent by the
running server within a minute, without a request. It may come twice: after a `kill -9`, or after a backup was restored.
Accounts that were deleted while there was no receiver are announced to the first that there is."""

exporting = _namespace.signal("exporting")
"""A user downloads all that is kept about them. `user_id`: who; `everything`: a dict, to which a site adds what its own
tables hold, as JSON has it. This one is sent before the response is made, and what it raises is not caught."""


def announce(signal: NamedSignal, **values: Any) -> None:
    """Send the signal as soon as this request's response is ready: by then the act is committed."""

    @after_this_request
    async def send(response: ResponseTypes) -> ResponseTypes:
        await tell(current_app, signal, **values)
        return response


async def tell(app: Quart, signal: NamedSignal, **values: Any) -> None:
    """Send the signal now, after the commit. What a receiver raises is logged."""
    try:
        await ask(app, signal, **values)
    except Exception:
        app.logger.exception("a receiver of the signal %s failed", signal.name)


async def ask(app: Quart, signal: NamedSignal, **values: Any) -> None:
    """Send the signal now, and let through what a receiver raises."""
    sender = getattr(app, "_get_current_object", lambda: app)()  # receivers are kept for the application, not its proxy
    await signal.send_async(sender, _sync_wrapper=cast(Any, app.ensure_async), **values)
