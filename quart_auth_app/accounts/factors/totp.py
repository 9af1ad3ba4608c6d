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
"""Seconds that a code is shown. Step, digits and hash are RFC 6238's defaults, as some apps support no others."""

DRIFT = 1
"""By how many steps a clock may be off, either way (RFC 6238 section 5.2)."""

FAR = 10
"""While an app is set up, a code that is at most this many steps off is reported as a wrong clock."""


def new_seed() -> bytes:
    """Return a new seed, the secret that the app shares with the site."""
    return secrets.token_bytes(SEED_BYTES)


def code(seed: bytes, step: int) -> str:
    """Return the code of one step, six digits."""
    # Authenticator apps implement SHA-1. Its collisions don't weaken HMAC.
    return HOTP(seed, DIGITS, SHA1()).generate(step).decode()  # noqa: S303  # RFC 6238's default, and many apps support no other


def step_at(now: datetime) -> int:
    """Return the number of the step at `now`."""
    return int(now.timestamp()) // STEP


def normalised(typed: str) -> str:
    """Return the typed code without spaces and in ASCII digits; Japanese keyboards type full-width ones."""
    return "".join(unicodedata.normalize("NFKC", typed).split())


def matching_step(seed: bytes, typed: str, *, now: datetime, drift: int = DRIFT) -> int | None:
    """Return the newest step, at most `drift` steps from `now`, whose code was typed; None if there is none."""
    given = normalised(typed).encode()
    current = step_at(now)
    candidates = range(current + drift, max(-1, current - drift - 1), -1)
    matches = [step for step in candidates if secrets.compare_digest(code(seed, step).encode(), given)]
    return matches[0] if matches else None


def has_wrong_clock(seed: bytes, typed: str, *, now: datetime) -> bool:
    """Tell whether the code is from some minutes ago or ahead, which means that the phone's clock is wrong.

    Only for setting up. At log-in this would tell a guesser about codes that are valid soon.
    """
    return matching_step(seed, typed, now=now, drift=FAR) is not None


def key(seed: bytes) -> str:
    """Return the seed in base32 in groups of four, for typing it into an app."""
    text = base64.b32encode(seed).decode().rstrip("=")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def uri(seed: bytes, *, site: str, account: str) -> str:
    """Return the `otpauth:` URI for the QR code, as authenticator apps read it."""
    secret = key(seed).replace(" ", "")
    label = f"{quote(site, safe='')}:{quote(account, safe='@')}"
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': site}, quote_via=quote)}"
