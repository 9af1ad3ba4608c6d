"""E-mail addresses: which are valid, and which two are the same."""

import hashlib
import unicodedata

import email_validator

from quart_auth_app.accounts.errors import InvalidEmail

MAX_LENGTH = 254
"""Characters of the longest address that mail can be sent to (RFC 5321, 4.5.3.1.3, less the angle brackets)."""

# Names such as .local, .test and localhost are what internal sites use; here their addresses are as good as any.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()


def validated(email: str) -> str:
    """Return the address in its normal form, case kept before the @. Raises InvalidEmail. Asks no DNS server."""
    try:
        address = email_validator.validate_email(email.strip(), check_deliverability=False, globally_deliverable=False)
    except email_validator.EmailNotValidError:
        raise InvalidEmail from None
    return address.normalized


def key(email: str) -> str:
    """Return what two spellings of one address have in common: no regard to case and Unicode form.

    NFKC after case folding, twice, as Unicode's toNFKC_Casefold needs for the few letters that fold into others.
    """
    folded = email.strip()
    for _ in range(2):
        folded = unicodedata.normalize("NFKC", folded).casefold()
    return unicodedata.normalize("NFKC", folded)


def fingerprint(email: str) -> str:
    """Return what a log or a cookie may hold in the address's place: 128 bits of the SHA-256 of its key."""
    return hashlib.sha256(key(email).encode()).hexdigest()[:32]
