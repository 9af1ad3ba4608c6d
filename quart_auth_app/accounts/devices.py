"""Devices: browsers that have logged in before, as their cookie says; strangers' failures don't count against them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from quart_auth_app.accounts import email_addresses

MAX_ACCOUNTS = 8
"""Accounts that one device is known to: a family's computer. The one logged in to longest ago is dropped."""


class Account(Protocol):
    """What a device remembers of a user: a `User`, or the web's `current_user`."""

    id: int
    email: str
    password_version: int


@dataclass(frozen=True)
class Device:
    """One browser. It keeps its identity over all its log-ins, so that each of them has no new counter of failures."""

    id: str
    accounts: Mapping[str, str] = field(default_factory=dict)
    """By the fingerprint of the address: whose account it was, and which of its passwords was given."""

    def claims(self, email: str) -> bool:
        """Tell whether it has logged in to an account of this address before, perhaps with an earlier password."""
        return email_addresses.fingerprint(email) in self.accounts

    def is_known_to(self, user: Account) -> bool:
        """Tell whether it has logged in to this very account with the password that the account has now."""
        return self.accounts.get(email_addresses.fingerprint(user.email)) == _stamp(user)

    def with_account(self, user: Account) -> "Device":
        """Return the device after a log-in to the account."""
        address = email_addresses.fingerprint(user.email)
        others = [each for each in self.accounts.items() if each[0] != address]
        return Device(self.id, dict([*others, (address, _stamp(user))][-MAX_ACCOUNTS:]))


def new() -> Device:
    """Return a device that nobody has logged in with."""
    return Device(secrets.token_urlsafe(16))


def _stamp(user: Account) -> str:
    # The number too: an address may be another person's after an account was deleted.
    return f"{user.id}.{user.password_version}"
