"""Devices: browsers that have logged in before, by their cookie. Failures of strangers don't count against them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from quart_auth_app.accounts.fields import email_addresses

MAX_ACCOUNTS = 8
"""Accounts that one device remembers, enough for a family's computer. The oldest log-in is dropped."""


class Account(Protocol):
    """The attributes of a user that a device uses: a `User`, or the web's `current_user`."""

    id: int
    email: str
    password_version: int


@dataclass(frozen=True)
class Device:
    """One browser. It keeps its id over all log-ins, so that a new log-in doesn't bring a new count of failures."""

    id: str
    accounts: Mapping[str, str] = field(default_factory=dict)
    """The account's number and password version, by the fingerprint of its address."""

    def claims(self, email: str) -> bool:
        """Tell whether it has logged in to an account with this address before, even with an earlier password."""
        return email_addresses.fingerprint(email) in self.accounts

    def is_known_to(self, user: Account) -> bool:
        """Tell whether it has logged in to this account with the current password."""
        return self.accounts.get(email_addresses.fingerprint(user.email)) == _stamp(user)

    def with_account(self, user: Account) -> "Device":
        """Return the device after a log-in to the account."""
        address = email_addresses.fingerprint(user.email)
        others = [each for each in self.accounts.items() if each[0] != address]
        return Device(self.id, dict([*others, (address, _stamp(user))][-MAX_ACCOUNTS:]))


def new() -> Device:
    """Return a device without accounts."""
    return Device(secrets.token_urlsafe(16))


def _stamp(user: Account) -> str:
    # With the number: after a deletion another person may have an account with this address.
    return f"{user.id}.{user.password_version}"
