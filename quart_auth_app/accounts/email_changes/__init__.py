"""Changing an account's address: asked for, confirmed by mail to the new address, or cancelled.

With mail, nothing here checks whether the new address has an account, so nobody learns it from the pages. The sender of
mail checks, and tells only that account's owner. Without mail an address changes at once, unproved, and a taken one is
refused. `email_change_undo` reverts a change.
"""

from quart_auth_app.accounts.email_changes.asking import ask
from quart_auth_app.accounts.email_changes.carrying_out import by_link, change_at_once, confirm_by_code, confirm_by_link
from quart_auth_app.accounts.email_changes.waiting import LASTS, cancel, drop, expired, keep_code, pending

__all__ = [
    "LASTS",
    "ask",
    "by_link",
    "cancel",
    "change_at_once",
    "confirm_by_code",
    "confirm_by_link",
    "drop",
    "expired",
    "keep_code",
    "pending",
]
