"""How passwords are hashed. These functions block for a quarter of a second: call them in a thread."""

import logging
import warnings

from quart_auth_app.accounts.passwords import flask_security
from quart_auth_app.accounts.passwords.policy import normalized

# passlib 1.7.4 imports the standard library's crypt, which Python 3.11 and 3.12 announce the end of; 3.13 has none. A
# site whose tests take warnings for errors could not import us.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from passlib.context import CryptContext

    from quart_auth_app.accounts.passwords.argon2_hashes import Argon2Hash
    from quart_auth_app.accounts.passwords.werkzeug_hashes import WerkzeugHash

ROUNDS = 12
"""bcrypt's cost, the logarithm of its work. OWASP's Password Storage Cheat Sheet asks for at least 10."""

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
"""What other systems have stored. docs/from-others.md says which."""

# passlib 1.7.4 asks bcrypt for an attribute that newer releases don't have, and logs a traceback. It is harmless.
logging.getLogger("passlib.handlers.bcrypt").setLevel(logging.ERROR)


class Hasher:
    """Makes hashes of the kind that is used today, and verifies older kinds too.

    With the salt of a site that Flask-Security has served, those kinds that it hashes twice are taken for its own.
    """

    def __init__(self, *, flask_security_salt: str = "") -> None:
        self._flask_security_salt = flask_security_salt
        # bcrypt_sha256 and not bcrypt, which ignores everything after byte 72. The others come from older databases
        # and are replaced when their owner logs in.
        self._context = CryptContext(
            schemes=["bcrypt_sha256", *ADOPTED],
            deprecated=[getattr(each, "name", each) for each in ADOPTED],
            bcrypt_sha256__default_rounds=ROUNDS,
            bcrypt_sha256__min_rounds=ROUNDS,
        )
        # A well-formed hash of today's cost that no password matches: for accounts that don't exist.
        self._nobodys_hash = f"$bcrypt-sha256$v=2,t=2b,r={ROUNDS}${'.' * 22}${'.' * 31}"

    def hash(self, password: str) -> str:
        """Return a salted hash of the password."""
        return str(self._context.hash(normalized(password)))

    def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Return whether the hash was made from the password, and the hash to replace it with if it is outdated.

        `stored` is None for an account that doesn't exist; that takes as long as a hash of today's kind.
        """
        password, stored = normalized(password), stored or self._nobodys_hash
        try:
            outdated = self._context.needs_update(stored)
            matches = self._context.verify(self._hashed_first(password, stored), stored)
        except ValueError:  # not a hash at all, or a broken one
            outdated, matches = True, False
        if outdated and not matches:
            # An old kind of hash is quicker to check than today's; the time must not tell a guesser which kind it is.
            self._context.verify(password, self._nobodys_hash)
        return matches, self._context.hash(password) if matches and outdated else None

    def _hashed_first(self, password: str, stored: str) -> str:
        is_twice = self._flask_security_salt and stored.startswith(flask_security.TWICE)
        return flask_security.first_hash(password, self._flask_security_salt) if is_twice else password
