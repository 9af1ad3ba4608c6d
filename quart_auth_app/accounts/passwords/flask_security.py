"""Flask-Security hashes passwords twice. The first hash is an HMAC with the site's SECURITY_PASSWORD_SALT.

It does so for the schemes in TWICE, unless SECURITY_PASSWORD_SINGLE_HASH is set. The stored hash doesn't show it.
"""

import base64
import hmac
import unicodedata

TWICE = ("$2", "$argon2", "$pbkdf2-")
"""Prefixes of bcrypt, argon2, pbkdf2_sha256 and pbkdf2_sha512 hashes; none of them is that of our own scheme."""


def first_hash(password: str, salt: str) -> str:
    """Return the input of Flask-Security's second hash: an HMAC-SHA-512 in base64.

    The password is in NFKD, the default of SECURITY_PASSWORD_NORMALIZE_FORM.
    """
    normalized = unicodedata.normalize("NFKD", password)
    return base64.b64encode(hmac.digest(salt.encode(), normalized.encode(), "sha512")).decode()
