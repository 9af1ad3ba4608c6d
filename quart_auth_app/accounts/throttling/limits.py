"""The limits on attempts, and who is counted by each. `throttle` counts, and refuses what is beyond a limit.

`docs/security.md` has the same numbers; a test compares them.
"""

import ipaddress
from dataclasses import dataclass
from datetime import timedelta

from quart_auth_app.accounts.fields import email_addresses


@dataclass(frozen=True)
class Limit:
    """At most `attempts` in a time window that begins with the first one."""

    name: str
    attempts: int
    window: timedelta


# One address may be a whole school behind a router; an account has one owner, who mistypes a few times at most. NIST
# SP 800-63B allows 100 failures in a row. Five in five minutes allow 1,440 guesses a day; by zxcvbn it takes 10^8.
LOG_IN_BY_ADDRESS = Limit("log-in by address", 10, timedelta(minutes=1))
LOG_IN_BY_ACCOUNT = Limit("log-in by account", 5, timedelta(minutes=5))
# Devices have counts of their own, so that no stranger locks them out. All together they get only as many
# guesses as two of them: so a thief of one cookie, or of many, gains little.
LOG_IN_BY_DEVICE = Limit("log-in by device", 5, timedelta(minutes=5))
LOG_IN_BY_ALL_DEVICES = Limit("log-in by all devices of an account", 10, timedelta(minutes=5))
LOG_IN_BY_ADDRESS_OF_DEVICES = Limit("log-in by address, known browsers", 10, timedelta(minutes=1))
# Each successful log-in costs a hash and adds a row. No person logs in every 20 seconds; a test suite may.
LOG_INS_OF_ACCOUNT = Limit("log-in that succeeds, by account", 30, timedelta(minutes=10))
# Counted only after a proven first factor. Three of a million codes are right at any moment: with five tries in five
# minutes alone, a guesser would succeed in a year with 79 %; with twenty a day it is 2 %.
SECOND_STEP_BY_ACCOUNT = Limit("second step by account", 5, timedelta(minutes=5))
SECOND_STEP_BY_ACCOUNT_A_DAY = Limit("second step by account a day", 20, timedelta(days=1))
SECOND_STEP_BY_DEVICE = Limit("second step by device", 5, timedelta(minutes=5))
SECOND_STEP_BY_ALL_DEVICES_A_DAY = Limit("second step by all devices a day", 20, timedelta(days=1))
EMAIL_CHANGE_BY_ACCOUNT = Limit("e-mail change by account", 5, timedelta(hours=1))
# Each leaves an event that is kept for half a year, and some a mail.
CHANGES_OF_ACCOUNT = Limit("changes of one kind by account", 50, timedelta(days=1))
# A passkey can't be guessed. This only limits the work of checking signatures. It is separate from the limit for
# passwords, so that somebody who guesses those doesn't block passkeys in the same network.
PASSKEY_BY_ADDRESS = Limit("passkey by address", 20, timedelta(minutes=1))
# Each return from a provider sends requests to that provider; nothing can be guessed there.
PROVIDER_BY_ADDRESS = Limit("provider by address", 20, timedelta(minutes=1))
# A key can't be guessed. This keeps a script with an old key from filling the log.
ACCESS_KEY_BY_ADDRESS = Limit("wrong access key by address", 20, timedelta(minutes=1))
SIGN_UP_BY_ADDRESS = Limit("sign-up by address", 20, timedelta(minutes=1))
# Somebody at another person's open session gets few guesses at the password; the last one ends the session.
SUDO_BY_SESSION = Limit("password once more, by session", 5, timedelta(days=1))

Counter = tuple[Limit, str]
"""A limit, and who is counted."""


def log_in_counters(*, email: str, address: str, device: str | None) -> list[Counter]:
    """Return the counters of an attempt to log in; a success clears the last one, and refunds the others.

    The last one is the account's or the device's own. The others are shared: if a success cleared them, it would reset
    the limit for other people's guesses.

    A browser that has logged in to this account before has counters of its own, so that guessing strangers can't lock
    the owner out (OWASP, "Slow down online guessing attacks with device cookies").
    """
    account = email_addresses.key(email)
    if device:
        return [
            (LOG_IN_BY_ADDRESS_OF_DEVICES, network(address)),
            (LOG_IN_BY_ALL_DEVICES, account),
            (LOG_IN_BY_DEVICE, f"{device} {account}"),
        ]
    return [(LOG_IN_BY_ADDRESS, network(address)), (LOG_IN_BY_ACCOUNT, account)]


def second_step_counters(*, user_id: int, device: str | None) -> list[Counter]:
    """Return the counters of a try of a code. Devices have counters of their own, as at log-in."""
    if device:
        return [(SECOND_STEP_BY_DEVICE, f"{device} {user_id}"), (SECOND_STEP_BY_ALL_DEVICES_A_DAY, str(user_id))]
    return [(SECOND_STEP_BY_ACCOUNT, str(user_id)), (SECOND_STEP_BY_ACCOUNT_A_DAY, str(user_id))]


def network(address: str) -> str:
    """Return the part of an address that a client can't easily change: IPv4 all of it, IPv6 the first half (/64)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or parsed
    prefix = 64 if parsed.version == 6 else 32
    return str(ipaddress.ip_network((parsed.packed, prefix), strict=False))
