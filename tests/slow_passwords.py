"""A search for passwords that take long to rate: an attacker would send these."""

import random
import time
from contextlib import suppress

from quart_auth_app.accounts.errors import PasswordTooGuessable
from quart_auth_app.accounts.passwords import policy, strength

ALPHABETS = [
    "48({[<369!|10$57+%2@",
    "ab",
    "01",
    "aA1!",
    "qwertyuiop",
    "abcdefghijklmnopqrstuvwxyz",
    "1990-/. ",
    "\u00e9\U0001f600",
]


def seconds(password: str) -> float:
    """Return the processor time that rating this password takes."""
    start = time.thread_time()
    with suppress(PasswordTooGuessable):
        policy.check_strength(password, ["bob@example.com", "Bob"])
    return time.thread_time() - start


def search(limit: float, dice: random.Random) -> tuple[float, str]:
    """Return the slowest password found within `limit` seconds, and its time: random ones, then changes to the best."""
    end = time.monotonic() + limit
    best = max((seconds(start), start) for start in _starts(dice))
    while time.monotonic() < end:
        changed = _changed(best[1], dice)
        best = max(best, (seconds(changed), changed))
    return best


def _starts(dice: random.Random) -> list[str]:
    signs = ALPHABETS[0]
    known = [signs * 4, (signs[:18] * 4)[:72], "password" * 9, "p4$$w0rd" * 9, "a" * 72, "ab" * 36, "aab" * 24]
    drawn = ["".join(dice.choices(alphabet, k=length)) for alphabet in ALPHABETS for length in (16, 17, 24, 36, 72)]
    return [*known, *drawn]


def _changed(password: str, dice: random.Random) -> str:
    at, length = dice.randrange(len(password)), dice.randrange(1, 9)
    new = "".join(dice.choices(dice.choice(ALPHABETS), k=length))
    return (password[:at] + new + password[at + dice.randrange(10) :])[: strength.MAX_RATED + 8]
