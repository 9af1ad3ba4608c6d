"""The security log: what happened to accounts, who did it, from where.

It names users by number, accounts that may not exist by a hash of the address, and never holds a secret.
"""

import logging

from quart import has_request_context, has_websocket_context

from quart_auth_app.web.edge.asking import asking
from quart_auth_app.web.edge.client import client_address
from quart_auth_app.web.services import services
from quart_auth_app.web.telemetry import logs

EVENTS = {
    "sign_up": "an account was created",
    "log_in": "somebody logged in; `methods` says how",
    "log_in_failed": "address and password did not belong together, or the account is disabled",
    "second_step_asked": "a first factor was right, and the account has a second step",
    "second_step_failed": "a code for the second step did not count",
    "log_out": "somebody logged out",
    "password_changed": "somebody changed their password",
    "sessions_revoked": "somebody ended sessions of their own, or gave wrong passwords until theirs ended",
    "exported": "somebody downloaded what is kept about them",
    "deletion_asked": "somebody asked for their account to be deleted",
    "deletion_cancelled": "somebody kept an account that was to be deleted",
    "throttled": "an attempt was refused because there were too many",
    "busy": "an attempt was refused because too many passwords were waiting to be checked",
    "cross_site_refused": "a request from another site; the line has what the browser said and the origin expected",
    "log_in_required": "a page that needs a log-in was asked for without one",
    "input_refused": "a form was refused: fields missing, too long, or against the rules",
    "error": "the application or the database failed; the error log tells more",
}
"""Every event, and what it means."""

_log = logging.getLogger(f"{logs.LOGGER}.security")


def write(event: str, **details: str | int) -> None:
    """Note that `event`, one of EVENTS, has happened in this request."""
    assert event in EVENTS  # noqa: S101  # a misspelt event is a bug of ours, found by the first test that meets it
    where: dict[str, str] = {}
    if has_request_context() or has_websocket_context():
        where = {
            "address": client_address(),
            "request_id": asking().scope["request_id"],  # type: ignore[typeddict-item]  # put there by edge.Edge
            "method": asking().method,
            "path": asking().path,
        }
        if metrics := services().metrics:
            metrics.event(event)
    logs.write(_log, event=event, **where, **details)
