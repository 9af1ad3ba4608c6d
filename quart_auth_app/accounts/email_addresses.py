"""E-mail addresses: which are valid, and which two are the same."""

import hashlib
import re
import unicodedata

import email_validator
import idna

from quart_auth_app.accounts.errors import InvalidEmail

MAX_LENGTH = 254
"""Characters of the longest address that mail can be sent to (RFC 5321, 4.5.3.1.3, less the angle brackets)."""

MAX_KEY_LENGTH = 1024
"""Characters of the longest key that the database holds: in normal form one letter may be up to 18."""

_MAX_DOMAIN_LENGTH = 253
"""Characters of the longest domain (RFC 1035); longer ones would take idna long."""

# Names such as .local, .test and localhost are what internal sites use; here their addresses are as good as any.
_INTERNAL = re.compile(r"(?<=[@.])(?:arpa|invalid|local|localhost|onion|test)\Z", re.IGNORECASE)

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt)."""

_BLANK = re.compile("[\u2800\U0001d159]")
"""Symbols that show nothing: the Braille pattern without dots and the note without a head."""

_JOINERS = re.compile("[\u200c\u200d]")
"""In a domain they tell two names apart, where IDNA 2008 allows them (RFC 5892, appendix A)."""


_WIDE = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
"""The full-width forms of ASCII, which Japanese keyboards type and no mailbox has in its name."""


def validated(email: str) -> str:
    """Return the address in its normal form, case kept before the @. Raises InvalidEmail. Asks no DNS server."""
    email = email.translate(_WIDE).strip()
    internal = _INTERNAL.search(email)
    # email_validator refuses these names, and has no option for it but a list that all of the process share. A name of
    # the same length in its place is checked by the same rules.
    checked = email[: internal.start()] + "x" * len(internal[0]) if internal else email
    # Nor does it take a domain with joiners, as Persian and Hindi have them. Those that IDNA allows are put back below.
    joined = _domain_with_joiners(checked)
    if joined:
        checked = checked.rpartition("@")[0] + "@" + _JOINERS.sub("", joined)
    if _BLANK.search(email):
        raise InvalidEmail
    try:
        address = email_validator.validate_email(checked, check_deliverability=False, globally_deliverable=False)
    except email_validator.EmailNotValidError:
        raise InvalidEmail from None
    normalized = f"{address.local_part}@{joined}" if joined else address.normalized
    if internal:
        normalized = normalized[: -len(internal[0])] + internal[0].lower()
    if len(key(normalized)) > MAX_KEY_LENGTH:
        raise InvalidEmail
    return normalized


def _domain_with_joiners(email: str) -> str | None:
    labels = _a_labels(email.rpartition("@")[2])
    try:
        readable = idna.decode(labels) if labels else ""
    except idna.IDNAError:  # too long, for example: email_validator says so
        return None
    return readable if _JOINERS.search(readable) else None


def key(email: str) -> str:
    """Return what all spellings of one address have in common. Never raises.

    The domain is its A-label by IDNA 2008 (browsers send that for what a person types in Unicode), the rest is without
    regard to case, Unicode form and characters that nobody sees.
    """
    email = email.strip()
    if "@" not in email:
        email = _folded(email)  # a full-width @ becomes one
    local, at, domain = email.rpartition("@")
    return _folded(local) + at + _domain(domain)


def _domain(domain: str) -> str:
    # What is no domain is compared like any other text, once more as a domain if it becomes one by that.
    return _a_labels(domain) or _a_labels(_folded(domain)) or _folded(domain)


def _a_labels(domain: str) -> str | None:
    if len(domain) > _MAX_DOMAIN_LENGTH:
        return None
    try:
        mapped = idna.uts46_remap(domain, std3_rules=False, transitional=False)
        return ".".join(idna.alabel(label).decode() for label in mapped.split("."))
    except UnicodeError:  # the parent of idna's own
        return None


def _folded(text: str) -> str:
    """Return Unicode's toNFKC_Casefold, done twice as it needs for the few letters that fold into others."""
    for _ in range(2):
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).strip()


def fingerprint(email: str) -> str:
    """Return what a signed cookie may hold in the address's place: 128 bits of the SHA-256 of its key."""
    return hashlib.sha256(key(email).encode()).hexdigest()[:32]
