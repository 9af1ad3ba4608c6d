"""Time-based one-time codes, as authenticator apps show them (RFC 6238 over RFC 4226)."""

import base64
import secrets
import unicodedata
from datetime import datetime
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

SEED_BYTES = 20
"""160 random bits, as RFC 4226 section 4 recommends."""

DIGITS = 6
STEP = 30
"""Seconds that a code is shown. Some apps ignore other values for both, and for the hash: RFC 6238's usual ones."""

DRIFT = 1
"""How many steps a clock may be off, either way (RFC 6238 section 5.2)."""

FAR = 10
"""How many steps off a clock still explains a wrong code while the app is being set up."""


def new_seed() -> bytes:
    """Return what the app and the server share."""
    return secrets.token_bytes(SEED_BYTES)


def code(seed: bytes, step: int) -> str:
    """Return the six digits of one step."""
    # SHA-1 is what authenticator apps implement. HMAC does not depend on the collisions that broke it.
    return HOTP(seed, DIGITS, SHA1()).generate(step).decode()  # noqa: S303  # RFC 6238 has SHA-1, apps know no other


def step_at(now: datetime) -> int:
    """Return the number of the step that `now` lies in."""
    return int(now.timestamp()) // STEP


def normalised(typed: str) -> str:
    """Return the code as it was meant: without spaces, and in ASCII digits (Japanese keyboards type wide ones)."""
    return "".join(unicodedata.normalize("NFKC", typed).split())


def matching_step(seed: bytes, typed: str, *, now: datetime, drift: int = DRIFT) -> int | None:
    """Return the step whose code was typed, the newest first, or None. At most `drift` steps from `now`."""
    given = normalised(typed).encode()
    current = step_at(now)
    candidates = range(current + drift, max(-1, current - drift - 1), -1)
    matches = [step for step in candidates if secrets.compare_digest(code(seed, step).encode(), given)]
    return matches[0] if matches else None


def has_wrong_clock(seed: bytes, typed: str, *, now: datetime) -> bool:
    """Tell whether the code is one of minutes ago or to come: the phone's clock is wrong.

    Only for setting up. At log-in this would tell a guesser about codes that are about to count.
    """
    return matching_step(seed, typed, now=now, drift=FAR) is not None


def key(seed: bytes) -> str:
    """Return the seed as people type it into an app: base32 in groups of four."""
    text = base64.b32encode(seed).decode().rstrip("=")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def uri(seed: bytes, *, site: str, account: str) -> str:
    """Return what the QR code says, an `otpauth:` link as authenticator apps read it."""
    secret = key(seed).replace(" ", "")
    label = f"{quote(site, safe='')}:{quote(account, safe='@')}"
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': site}, quote_via=quote)}"
