"""Passwords as Flask-Security hashes them: twice. The first hash is an HMAC with the site's SECURITY_PASSWORD_SALT.

It does so for these schemes, unless SECURITY_PASSWORD_SINGLE_HASH says otherwise, and its hashes don't show it.
"""

import base64
import hmac
import unicodedata

TWICE = ("$2", "$argon2", "$pbkdf2-")
"""What the hashes begin with of bcrypt, argon2, pbkdf2_sha256 and pbkdf2_sha512, and of no scheme that we hash with."""


def first_hash(password: str, salt: str) -> str:
    """Return what Flask-Security hands on to the second hash: SHA-512, in base64.

    Of the password in NFKD, its SECURITY_PASSWORD_NORMALIZE_FORM unless a site has set another.
    """
    normalized = unicodedata.normalize("NFKD", password)
    return base64.b64encode(hmac.digest(salt.encode(), normalized.encode(), "sha512")).decode()
