"""Encrypts stored seeds, so that a copy of the database alone is not enough to compute codes.

A stored seed is the key's fingerprint (8 bytes), a nonce (12 bytes), and the AES-256-GCM ciphertext.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FINGERPRINT_BYTES = 8
NONCE_BYTES = 12
"""96 bits, as NIST SP 800-38D section 5.2.1.1 recommends for GCM."""

_PURPOSE = b"quart-auth-app totp"


class Unreadable(Exception):
    """No key decrypts the seed: it was changed, belongs to another user, or its key is gone."""


class Opened(NamedTuple):
    """A decrypted seed."""

    seed: bytes
    is_current: bool
    """False if an earlier key was needed: then the seed should be encrypted again."""


@dataclass(frozen=True)
class _Key:
    fingerprint: bytes
    cipher: AESGCM


class Keys:
    """The keys for seeds, one derived from SECRET_KEY and each of its fallbacks (HKDF, RFC 5869)."""

    def __init__(self, secret_key: str, fallbacks: Sequence[str] = ()) -> None:
        self._keys = [_key(secret) for secret in (secret_key, *fallbacks)]

    def encrypt(self, seed: bytes, *, user_id: int) -> bytes:
        """Return the encrypted seed to store. It can only be decrypted for the same user."""
        current, nonce = self._keys[0], secrets.token_bytes(NONCE_BYTES)
        return current.fingerprint + nonce + current.cipher.encrypt(nonce, seed, _bound_to(user_id))

    def decrypt(self, stored: bytes, *, user_id: int) -> Opened:
        """Return the seed. Raises Unreadable."""
        nonce = stored[FINGERPRINT_BYTES : FINGERPRINT_BYTES + NONCE_BYTES]
        ciphertext = stored[FINGERPRINT_BYTES + NONCE_BYTES :]
        for key in self._keys:
            if key.fingerprint == fingerprint_of(stored):
                try:
                    return Opened(key.cipher.decrypt(nonce, ciphertext, _bound_to(user_id)), key is self._keys[0])
                except (InvalidTag, ValueError) as error:
                    raise Unreadable from error
        raise Unreadable

    def is_current(self, fingerprint: bytes) -> bool:
        """Tell whether this is the fingerprint of SECRET_KEY's key."""
        return fingerprint == self._keys[0].fingerprint

    def knows(self, fingerprint: bytes) -> bool:
        """Tell whether this is the fingerprint of any of the keys."""
        return any(key.fingerprint == fingerprint for key in self._keys)


def fingerprint_of(stored: bytes) -> bytes:
    """Return the fingerprint of the key that a stored seed is encrypted with."""
    return stored[:FINGERPRINT_BYTES]


def _key(secret: str) -> _Key:
    key = HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(secret.encode())
    return _Key(hashlib.sha256(b"fingerprint" + key).digest()[:FINGERPRINT_BYTES], AESGCM(key))


def _bound_to(user_id: int) -> bytes:
    return f"user {user_id}".encode()
