"""Werkzeug's password hashes, which the tutorial's application stored: they are verified, and no new ones are made.

The format is `method$salt$hex digest`. The plain `sha256` of Werkzeug before 2.3 is HMAC-SHA-256 with the salt as key.
"""

import hashlib
import hmac
import re

from quart_auth_app.accounts.passwords.adopted_hashes import AdoptedHash

_FORMAT = re.compile(
    r"(?:sha256|pbkdf2:sha256(?::\d{1,7})?|scrypt(?::\d{1,7}:\d{1,3}:\d{1,3})?)\$[!-#%-~]*\$[0-9a-f]{64,128}"
)

DEFAULT_ITERATIONS = 150_000
"""PBKDF2's iterations if the hash doesn't say, those of Werkzeug 0.15 to 2.1."""

DEFAULT_SCRYPT = (32768, 8, 1)
"""scrypt's cost, block size and parallelism if the hash doesn't say, those of Werkzeug 2.3 and later."""


class WerkzeugHash(AdoptedHash):
    """PBKDF2, scrypt, and the older HMAC."""

    name = "werkzeug"
    form = _FORMAT

    @classmethod
    def verify(cls, secret: str, hash: str, **_: object) -> bool:  # noqa: A002  # passlib passes it by this name
        """Tell whether the hash was made from `secret`."""
        method, salt, digest = hash.split("$")
        return hmac.compare_digest(_digest(method, salt.encode(), secret.encode()), digest)


def _digest(method: str, salt: bytes, password: bytes) -> str:
    kind, *parameters = method.removeprefix("pbkdf2:").split(":")
    if method == "sha256":
        return hmac.digest(salt, password, "sha256").hex()
    if kind == "sha256":
        iterations = int(parameters[0]) if parameters else DEFAULT_ITERATIONS
        return hashlib.pbkdf2_hmac("sha256", password, salt, iterations).hex()
    n, r, p = map(int, parameters) if parameters else DEFAULT_SCRYPT
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=132 * n * r * p).hex()
