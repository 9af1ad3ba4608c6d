"""Recovery codes, for people who have lost their phone: each works once instead of the app's code."""

import hashlib
import unicodedata

COUNT = 10
LENGTH = 24
"""24 characters of 5 bits: 120 bits. From 112 bits on, ASVS 6.5.2 needs no slow hash."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O or U."""

_DASHES = "-\u2010\u2011\u2013\u2014"
_MISREAD = str.maketrans("OIL", "011")


def derived(secret: str) -> list[str]:
    """Return the codes derived from a secret of 256 bits, in groups of four for reading."""
    output = hashlib.shake_256(secret.encode()).digest(COUNT * LENGTH)
    letters = "".join(ALPHABET[byte // 8] for byte in output)
    return [_grouped(letters[start : start + LENGTH]) for start in range(0, len(letters), LENGTH)]


def normalised(typed: str) -> str | None:
    """Return a code without hyphens, with look-alike letters replaced by digits; None if it can't be a code."""
    text = unicodedata.normalize("NFKC", typed).upper().translate(_MISREAD)
    text = "".join(each for each in text if each not in _DASHES and not each.isspace())
    return text if len(text) == LENGTH and set(text) <= set(ALPHABET) else None


def digest(code: str) -> str:
    """Return the hash to store: SHA-256, in hexadecimal, of the code without hyphens."""
    return hashlib.sha256(code.replace("-", "").encode()).hexdigest()


def _grouped(code: str) -> str:
    return "-".join(code[start : start + 4] for start in range(0, LENGTH, 4))
