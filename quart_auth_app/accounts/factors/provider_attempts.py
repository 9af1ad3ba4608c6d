"""Attempts to log in at a provider: what the browser carries there and back, and what only we and it know."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from quart_auth_app.clock import LEEWAY

LASTS = timedelta(minutes=10)
"""How long a person may take to log in at the provider."""

SECRET_BYTES = 32
"""256 random bits; RFC 7636, 7.1, asks for that much in the verifier."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One way to a provider and back (RFC 6749, 4.1, with PKCE as RFC 7636 has it)."""

    provider: str
    redirect_uri: str
    began_at: datetime
    fresh: bool
    """Whether the person has to log in at the provider anew."""
    state: str
    """Comes back in the address, and has to be this browser's."""
    nonce: str
    """Comes back in the ID token, which therefore can't be another attempt's."""
    verifier: str
    """Goes from us to the provider directly; the browser's address has its hash only."""

    @property
    def challenge(self) -> str:
        """The verifier's hash, as S256 has it."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def new(provider: str, *, redirect_uri: str, fresh: bool, now: datetime) -> Attempt:
    """Begin an attempt."""
    state, nonce, verifier = (secrets.token_urlsafe(SECRET_BYTES) for _ in range(3))
    return Attempt(
        provider=provider,
        redirect_uri=redirect_uri,
        began_at=now,
        fresh=fresh,
        state=state,
        nonce=nonce,
        verifier=verifier,
    )


def is_over(attempt: Attempt, *, now: datetime) -> bool:
    """Tell whether the attempt has taken too long, or was begun by a clock that is too far ahead."""
    return not -LEEWAY <= now - attempt.began_at < LASTS
