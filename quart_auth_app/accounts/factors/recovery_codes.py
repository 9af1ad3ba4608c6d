"""Recovery codes, for whoever has lost the phone: each logs in once in place of the second step."""

import hashlib
import unicodedata

COUNT = 10
LENGTH = 24
"""Characters of 5 bits each: 120 bits. From 112 bits on ASVS 6.5.2 asks for no slow hash."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O or U."""

_DASHES = "-\u2010\u2011\u2013\u2014"
_MISREAD = str.maketrans("OIL", "011")


def derived(secret: str) -> list[str]:
    """Return the set of codes that belongs to a secret of 256 bits, as people read them, in groups of four."""
    output = hashlib.shake_256(secret.encode()).digest(COUNT * LENGTH)
    letters = "".join(ALPHABET[byte // 8] for byte in output)
    return [_grouped(letters[start : start + LENGTH]) for start in range(0, len(letters), LENGTH)]


def normalised(typed: str) -> str | None:
    """Return a code without its groups, letters that look like digits put right; None if it can't be a code."""
    text = unicodedata.normalize("NFKC", typed).upper().translate(_MISREAD)
    text = "".join(each for each in text if each not in _DASHES and not each.isspace())
    return text if len(text) == LENGTH and set(text) <= set(ALPHABET) else None


def digest(code: str) -> str:
    """Return what is stored: SHA-256 in hexadecimal of the code without its groups."""
    return hashlib.sha256(code.replace("-", "").encode()).hexdigest()


def _grouped(code: str) -> str:
    return "-".join(code[start : start + 4] for start in range(0, LENGTH, 4))
