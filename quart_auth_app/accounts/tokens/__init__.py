"""Tokens in the links of mails: issued when a mail is sent, looked up any number of times, consumed once."""

from quart_auth_app.accounts.tokens.consuming import (
    Consumed,
    Linked,
    consume,
    consume_log_in,
    look,
    use_up,
    use_up_log_ins,
)
from quart_auth_app.accounts.tokens.issuing import (
    issue_change,
    issue_confirm,
    issue_log_in,
    issue_reset,
    issue_undo,
    new,
)
from quart_auth_app.accounts.tokens.lifetimes import CHANGE, CONFIRM, LIFETIMES, LOG_IN, RESET, UNDO, expired
from quart_auth_app.accounts.tokens.undoing import undo_until, void_undo

__all__ = [
    "CHANGE",
    "CONFIRM",
    "LIFETIMES",
    "LOG_IN",
    "RESET",
    "UNDO",
    "Consumed",
    "Linked",
    "consume",
    "consume_log_in",
    "expired",
    "issue_change",
    "issue_confirm",
    "issue_log_in",
    "issue_reset",
    "issue_undo",
    "look",
    "new",
    "undo_until",
    "use_up",
    "use_up_log_ins",
    "void_undo",
]
