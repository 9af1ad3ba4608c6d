"""The security log: what happened to accounts, who did it, and from where.

It names users by number, accounts that may not exist by an HMAC of the address, and never holds a secret.
"""

import hashlib
import hmac
import logging

from quart import has_request_context, has_websocket_context

from quart_auth_app import clock
from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.web.edge.asking import asking
from quart_auth_app.web.edge.client import client_address
from quart_auth_app.web.services import services
from quart_auth_app.web.telemetry import logs

EVENTS = {
    "sign_up": "an account was created",
    "sign_up_asked": "somebody signed up where mail is on; the mailed code or link creates the account",
    "reset_asked": "somebody asked for a link to choose a new password",
    "password_reset": "a new password was chosen by a mailed link",
    "log_in": "somebody logged in; `methods` says how",
    "log_in_failed": "the address or the password was wrong, the account is disabled, or its sign-up is pending",
    "mailed_log_in_asked": "somebody asked for a link and a code to log in by mail",
    "mailed_log_in_failed": "a mailed code or link did not log in; the line says why",
    "second_step_asked": "a first factor was right, and the account has a second step",
    "second_step_failed": "a code for the second step was refused",
    "second_step_on": "somebody turned the second step on",
    "second_step_off": "somebody turned the second step off",
    "recovery_codes_renewed": "somebody replaced the recovery codes",
    "passkey_failed": "a passkey's answer was refused; the line says why",
    "passkey_added": "somebody added a passkey",
    "passkey_removed": "somebody removed a passkey",
    "password_removed": "somebody chose to have passkeys and no password",
    "access_key_added": "somebody made an access key",
    "access_key_revoked": "somebody revoked an access key",
    "access_key_refused": "an access key is unknown, or does not open the page; the line says why",
    "provider_failed": "what came back from a provider proved nothing; the line says why",
    "provider_connected": "somebody connected an account at a provider",
    "provider_disconnected": "somebody disconnected an account at a provider",
    "log_out": "somebody logged out",
    "password_changed": "somebody changed their password",
    "sessions_revoked": "somebody revoked sessions of their own, gave wrong passwords until theirs was revoked, or had "
    "too many",
    "email_change_asked": "somebody asked for another address for their account",
    "email_change_cancelled": "somebody cancelled a change of their address",
    "email_changed": "an account has another address",
    "email_change_undone": "a mailed link gave an account its former address back, with a new password",
    "exported": "somebody downloaded what is kept about them",
    "deletion_asked": "somebody asked for their account to be deleted",
    "deletion_cancelled": "somebody kept an account that was to be deleted",
    "throttled": "an attempt was refused because there were too many",
    "busy": "an attempt was refused because too many passwords were waiting to be checked",
    "cross_site_refused": "a request from another site; the line has what the browser said and the origin expected",
    "host_refused": "a request named another host than `PUBLIC_URL`; the line has it",
    "log_in_required": "a page that needs a log-in was asked for without one",
    "admin_act": "an admin, `user`, did something to the account `on`, to a `mail`, or to all mail; `act` says what",
    "role_missing": "a page was asked for by somebody without the role, or by an admin without a second step",
    "input_refused": "a form was refused: fields missing, too long, or against the rules",
    "operator": "an operator's command changed something; the line has the command, who ran it, and from where",
    "error": "the application or the database failed; the error log tells more",
}
"""Every event, and what it means."""

_log = logging.getLogger(f"{logs.LOGGER}.security")


def write(event: str, **details: str | int) -> None:
    """Write a line for `event`, one of EVENTS, in this request."""
    assert event in EVENTS  # noqa: S101  # a misspelt event is a bug, which the first test of it finds
    where: dict[str, str] = {}
    if has_request_context() or has_websocket_context():
        where = {
            "address": client_address(),
            "request_id": asking().scope["request_id"],  # type: ignore[typeddict-item]  # put there by edge.Edge
            "method": asking().method,
            "path": asking().path,
        }
        services().daily_counts.count(event, now=clock.now())
        if metrics := services().metrics:
            metrics.event(event, str(details.get("methods", "")))
    logs.write(_log, event=event, **where, **details)


def account(email: str) -> str:
    """Return an HMAC that replaces the address in a line: without the key nobody can test addresses against the log."""
    subject = f"account in the security log\0{email_addresses.key(email)}"
    return hmac.new(services().settings.secret_key.encode(), subject.encode(), hashlib.sha256).hexdigest()[:32]
