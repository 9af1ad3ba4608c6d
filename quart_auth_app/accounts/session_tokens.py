"""Tokens of sessions: what stands in the browser's cookie; the database has their hashes only."""

import base64
import hashlib
import hmac
import secrets

from sqlalchemy.ext.asyncio import AsyncSession

TOKEN_BYTES = 32
"""256 random bits; ASVS 7.2.3 asks for 128."""

KEY = "key of tokens"
"""The key in a database session's `info` of what `token_by` derives tokens with."""


def info(secret_key: str) -> dict[str, object]:
    """Return what the `info` of a database's sessions holds where this is SECRET_KEY."""
    return {KEY: hashlib.sha256(f"tokens of sessions {secret_key}".encode()).digest()}


def token_by(db: AsyncSession, proof: str | None) -> str:
    """Return a token: the same for the same `proof`, a secret that counts once; a random one where there is none.

    So the two answers to a double click bring the same cookie, whichever of them the browser keeps. Nobody can derive
    it who has not SECRET_KEY.
    """
    if proof is None or KEY not in db.info:
        return secrets.token_urlsafe(TOKEN_BYTES)
    return base64.urlsafe_b64encode(hmac.digest(db.info[KEY], proof.encode(), "sha256")).decode().rstrip("=")


def hash_of(token: str) -> str:
    """Return what the database knows a token by: 64 hexadecimal digits."""
    # A plain hash will do: the token has 256 random bits, nothing to guess.
    return hashlib.sha256(token.encode()).hexdigest()
