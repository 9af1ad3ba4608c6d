"""Challenges for passkeys: random, signed, and bound to a purpose, so that showing a page needs no row.

The authenticator's signed answer contains the challenge. Code that accepts a challenge also marks it as used, see
`accounts/credentials/passkey_answers.py`.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, Signer

from quart_auth_app.clock import LEEWAY

LASTS = timedelta(hours=1)
"""How long a page may be open before its passkey is used: the log-in form's autofill waits as long as the page is open.
For a button W3C's WebAuthn, section 15.1, recommends up to ten minutes, but both are on one page."""

RANDOM_BYTES = 16
"""W3C's WebAuthn, section 13.4.3, asks for at least 16."""


class Challenges:
    """Makes and checks the challenges of one site. The first of `keys` signs; `site` is the site's origin."""

    def __init__(self, keys: Sequence[str], *, site: str) -> None:
        self._keys = list(reversed(keys))  # itsdangerous signs with the last key
        self._site = site

    def new(self, bound_to: str, *, now: datetime) -> bytes:
        """Return a challenge that is valid for this purpose and person only."""
        value = f"{secrets.token_urlsafe(RANDOM_BYTES)}.{int(now.timestamp())}"
        return self._signer(bound_to).sign(value)

    def is_good(self, challenge: bytes, bound_to: str, *, now: datetime) -> bool:
        """Tell whether the challenge is ours, for this purpose and person, and has not expired."""
        try:
            _, made_at = self._signer(bound_to).unsign(challenge).split(b".")
        except BadData:
            return False
        made = datetime.fromtimestamp(int(made_at), UTC)
        return -LEEWAY <= now - made < LASTS

    def _signer(self, bound_to: str) -> Signer:
        salt = f"passkey challenge of {self._site}: {bound_to}"
        return Signer(self._keys, salt=salt, digest_method=hashlib.sha256)
