"""How passwords are hashed. These functions block for a quarter of a second: call them in a thread."""

import logging
import warnings

from quart_auth_app.accounts.passwords import flask_security
from quart_auth_app.accounts.passwords.policy import normalized

# passlib 1.7.4 imports the standard library's crypt, which is deprecated in Python 3.11 and 3.12, and gone in 3.13. A
# site whose tests treat warnings as errors could not import us.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from passlib.context import CryptContext

    from quart_auth_app.accounts.passwords.argon2_hashes import Argon2Hash
    from quart_auth_app.accounts.passwords.werkzeug_hashes import WerkzeugHash

ROUNDS = 12
"""bcrypt's cost, the base-2 logarithm of its work. OWASP's Password Storage Cheat Sheet asks for at least 10."""

ADOPTED = [
    "bcrypt",
    WerkzeugHash,
    Argon2Hash,
    "pbkdf2_sha256",
    "pbkdf2_sha512",
    "django_pbkdf2_sha256",
    "django_bcrypt_sha256",
    "django_bcrypt",
]
"""Handlers for hashes of other systems, which docs/from-others.md lists."""

# passlib 1.7.4 reads an attribute that newer releases of bcrypt don't have, and logs a harmless traceback.
logging.getLogger("passlib.handlers.bcrypt").setLevel(logging.ERROR)


class Hasher:
    """Makes hashes of the current scheme, and verifies those of older schemes too.

    With `flask_security_salt`, hashes of the schemes that Flask-Security hashes twice are taken for its hashes.
    """

    def __init__(self, *, flask_security_salt: str = "") -> None:
        self._flask_security_salt = flask_security_salt
        # bcrypt_sha256, because bcrypt ignores everything after byte 72. The other schemes come from older databases;
        # their hashes are replaced when the owner logs in.
        self._context = CryptContext(
            schemes=["bcrypt_sha256", *ADOPTED],
            deprecated=[getattr(each, "name", each) for each in ADOPTED],
            bcrypt_sha256__default_rounds=ROUNDS,
            bcrypt_sha256__min_rounds=ROUNDS,
        )
        # A well-formed hash of the current cost that no password matches, for accounts that don't exist.
        self._nobodys_hash = f"$bcrypt-sha256$v=2,t=2b,r={ROUNDS}${'.' * 22}${'.' * 31}"

    def hash(self, password: str) -> str:
        """Return a salted hash of the password."""
        return str(self._context.hash(normalized(password)))

    def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Return whether the hash was made from the password, and a new hash if the stored one is outdated.

        `stored` is None for an account that doesn't exist; that takes as long as a hash of the current scheme.
        """
        password, stored = normalized(password), stored or self._nobodys_hash
        try:
            outdated = self._context.needs_update(stored)
            matches = self._context.verify(self._hashed_first(password, stored), stored)
        except ValueError:  # not a hash at all, or a broken one
            outdated, matches = True, False
        if outdated and not matches:
            # An old hash may be faster to check than a current one; the time must not reveal which kind it is.
            self._context.verify(password, self._nobodys_hash)
        return matches, self._context.hash(password) if matches and outdated else None

    def _hashed_first(self, password: str, stored: str) -> str:
        is_twice = self._flask_security_salt and stored.startswith(flask_security.TWICE)
        return flask_security.first_hash(password, self._flask_security_salt) if is_twice else password
