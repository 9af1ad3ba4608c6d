"""Argon2 hashes from Flask-Security, fastapi-users and Django: they are verified, and no new ones are made.

They need argon2-cffi, which only sites with such hashes install. Not passlib's own handler, which reads a deprecated
attribute of it: the tests of a site that treats warnings as errors would fail.
"""

import logging
import re

from quart_auth_app.accounts.passwords.adopted_hashes import AdoptedHash

_FORMAT = re.compile(r"(?:argon2)?\$argon2(?:id|i|d)\$[ -~]+")

_log = logging.getLogger("quart_auth_app.passwords")


class Argon2Hash(AdoptedHash):
    """Argon2, with or without Django's prefix."""

    name = "adopted_argon2"
    form = _FORMAT

    @classmethod
    def verify(cls, secret: str, hash: str, **_: object) -> bool:  # noqa: A002  # passlib passes it by this name
        """Tell whether the hash was made from `secret`."""
        try:
            import argon2  # see above
        except ImportError:
            _log.error("A password is stored as an Argon2 hash. Install argon2-cffi, so that its owner can log in.")
            return False
        try:
            return argon2.PasswordHasher().verify(hash.removeprefix("argon2"), secret)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
