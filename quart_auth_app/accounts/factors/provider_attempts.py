"""Attempts to log in at a provider: the values that go there and back, and the secrets of the browser's cookie."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from quart_auth_app.clock import LEEWAY

LASTS = timedelta(minutes=10)
"""How long a person may take to log in at the provider."""

SECRET_BYTES = 32
"""256 random bits; RFC 7636, 7.1, asks for that in the verifier."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One authorization request and its answer (RFC 6749, 4.1, with PKCE, RFC 7636)."""

    provider: str
    redirect_uri: str
    began_at: datetime
    fresh: bool
    """Whether the person must log in at the provider again."""
    state: str
    """Comes back in the URL, and must be this browser's."""
    nonce: str
    """Comes back in the ID token, which so can't belong to another attempt."""
    verifier: str
    """We send it to the provider directly; the browser's URL contains only its hash."""

    @property
    def challenge(self) -> str:
        """The verifier's hash (PKCE's S256)."""
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
    """Tell whether the attempt has expired, or begins in the future because a clock was ahead."""
    return not -LEEWAY <= now - attempt.began_at < LASTS
