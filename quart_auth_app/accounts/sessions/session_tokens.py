"""Tokens of sessions. They are in the browsers' cookies; the database has only their hashes."""

import base64
import hashlib
import hmac
import secrets

from sqlalchemy.ext.asyncio import AsyncSession

TOKEN_BYTES = 32
"""256 random bits; ASVS 7.2.3 asks for at least 128."""

KEY = "key of tokens"
"""The key in a database session's `info` for the secret that `token_by` derives tokens with."""


def info(secret_key: str) -> dict[str, object]:
    """Return the `info` for database sessions with this SECRET_KEY."""
    return {KEY: hashlib.sha256(f"tokens of sessions {secret_key}".encode()).digest()}


def token_by(db: AsyncSession, proof: str | None) -> str:
    """Return a token, derived from `proof`, a secret for one use; a random token if it is None.

    So both answers to a double click set the same cookie, and it doesn't matter which one the browser keeps. Deriving a
    token takes SECRET_KEY.
    """
    if proof is None or KEY not in db.info:
        return secrets.token_urlsafe(TOKEN_BYTES)
    return base64.urlsafe_b64encode(hmac.digest(db.info[KEY], proof.encode(), "sha256")).decode().rstrip("=")


def hash_of(token: str) -> str:
    """Return the token's hash for the database: 64 hexadecimal digits."""
    # A plain hash is enough, as nobody can guess 256 random bits.
    return hashlib.sha256(token.encode()).hexdigest()
