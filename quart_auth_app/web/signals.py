"""Signals (blinker's, as Quart's own) that tell a site's code what has happened to an account.

A receiver takes the application first and the rest by name, and may be `async`:

    @signals.signed_up.connect
    async def greet(app: Quart, *, user: User, **_: object) -> None: ...

It is called after the commit and before the response is sent, inside the request, unless said otherwise. An exception
in a receiver is logged and changes nothing: the act is already committed.
"""

from typing import Any, cast

from blinker import NamedSignal, Namespace
from quart import Quart, after_this_request, current_app
from quart.typing import ResponseTypes

_namespace = Namespace()

signed_up = _namespace.signal("signed-up")
"""An account was made. `user`: the new user."""

logged_in = _namespace.signal("logged-in")
"""A session has begun. `user`: its user."""

log_in_failed = _namespace.signal("log-in-failed")
"""A log-in failed. `email`: the typed text, which may be nobody's address."""

logged_out = _namespace.signal("logged-out")
"""A user has logged out. `user_id`: the user's number."""

password_changed = _namespace.signal("password-changed")
"""A user has changed the account's password. `user_id`: the user's number."""

email_changed = _namespace.signal("email-changed")
"""An account has another address, or its former one again. `user_id`: the user's number."""

deletion_asked = _namespace.signal("deletion-asked")
"""A user wants the account to be deleted in 14 days. `user_id`: the user's number."""

deletion_cancelled = _namespace.signal("deletion-cancelled")
"""A user keeps the account after all. `user_id`: the user's number."""

deleted = _namespace.signal("deleted")
"""An account is deleted, as its owner asked 14 days before, or by an operator. `user_id`: its number. The running
server sends this within a minute, outside any request. It may be sent twice: after a `kill -9`, or after a backup was
restored. Accounts that were deleted while there was no receiver are announced to the first receiver."""

exporting = _namespace.signal("exporting")
"""A user downloads their data. `user_id`: the user's number; `everything`: a dict, to which a receiver adds the data in
the site's own tables, as values for JSON. This one is sent before the response is made; exceptions are not caught."""


def announce(signal: NamedSignal, **values: Any) -> None:
    """Send the signal when this request's response is ready: by then the act is committed."""

    @after_this_request
    async def send(response: ResponseTypes) -> ResponseTypes:
        await tell(current_app, signal, **values)
        return response


async def tell(app: Quart, signal: NamedSignal, **values: Any) -> None:
    """Send the signal now, after the commit. Exceptions of receivers are logged."""
    try:
        await ask(app, signal, **values)
    except Exception:
        app.logger.exception("a receiver of the signal %s failed", signal.name)


async def ask(app: Quart, signal: NamedSignal, **values: Any) -> None:
    """Send the signal now; exceptions of receivers are raised."""
    sender = getattr(app, "_get_current_object", lambda: app)()  # receivers know the application, not its proxy
    await signal.send_async(sender, _sync_wrapper=cast(Any, app.ensure_async), **values)
