"""Challenges of passkeys: random, signed, and bound to what they are for, so that showing a page writes no row.

A challenge comes back inside of what the authenticator has signed. Whoever accepts one also spends it, see
`accounts/passkey_answers.py`.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, Signer

from quart_auth_app.clock import LEEWAY

LASTS = timedelta(hours=1)
"""How long a page may lie open before its passkey is used: what fills a log-in form by itself waits as long as the page
does, and starts nothing by the clock. W3C's WebAuthn, section 15.1, allows a button ten minutes; they share a page."""

RANDOM_BYTES = 16
"""W3C's WebAuthn, section 13.4.3, asks for 16."""


class Challenges:
    """Makes and knows the challenges of one site. `keys` begin with the one that signs; `site` is its origin."""

    def __init__(self, keys: Sequence[str], *, site: str) -> None:
        self._keys = list(reversed(keys))  # itsdangerous signs with the last
        self._site = site

    def new(self, bound_to: str, *, now: datetime) -> bytes:
        """Return a challenge that counts for this purpose and person only."""
        value = f"{secrets.token_urlsafe(RANDOM_BYTES)}.{int(now.timestamp())}"
        return self._signer(bound_to).sign(value)

    def is_good(self, challenge: bytes, bound_to: str, *, now: datetime) -> bool:
        """Tell whether the challenge is one of ours, for this, and not over."""
        try:
            _, made_at = self._signer(bound_to).unsign(challenge).split(b".")
        except BadData:
            return False
        made = datetime.fromtimestamp(int(made_at), UTC)
        return -LEEWAY <= now - made < LASTS

    def _signer(self, bound_to: str) -> Signer:
        salt = f"passkey challenge of {self._site}: {bound_to}"
        return Signer(self._keys, salt=salt, digest_method=hashlib.sha256)
