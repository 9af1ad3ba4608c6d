"""The purposes of tokens, and how long a token of each purpose lasts."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement

from quart_auth_app.accounts import expiry
from quart_auth_app.models import MailToken

CONFIRM = "confirm"
RESET = "reset"
CHANGE = "email_change"
UNDO = "undo"
LOG_IN = "log_in"

LIFETIMES = {
    CONFIRM: timedelta(hours=24),
    RESET: timedelta(hours=1),
    CHANGE: timedelta(hours=2),
    UNDO: timedelta(hours=72),
    LOG_IN: timedelta(minutes=10),
}
"""Lifetimes by purpose. A reset lets anybody in who reads the mail, so it is short (1 hour in Laravel and better-auth
too). For a log-in, ASVS 6.5.5 asks for 10 minutes."""


def is_valid(purpose: str, now: datetime) -> ColumnElement[bool]:
    """Return the condition for tokens of this purpose that have not expired."""
    return expiry.is_valid(MailToken.expires_at, lasts=LIFETIMES[purpose], now=now)


def expired(now: datetime) -> ColumnElement[bool]:
    """Return the condition for tokens that have expired."""
    return MailToken.expires_at <= now
