"""E-mail addresses: which are valid, and which are the same."""

import hashlib
import re
import unicodedata

import email_validator
import idna

from quart_auth_app.accounts.errors import InvalidEmail

MAX_LENGTH = 254
"""Longest address in characters that mail can be sent to (RFC 5321, 4.5.3.1.3, without the angle brackets)."""

MAX_KEY_LENGTH = 1024
"""Longest key in characters, which is the column's length: one letter may have 18 characters in normal form."""

_MAX_DOMAIN_LENGTH = 253
"""Longest domain in characters (RFC 1035); idna takes long for longer ones."""

# Internal sites use names such as .local, .test and localhost, so addresses there are valid.
_INTERNAL = re.compile(r"(?<=[@.])(?:arpa|invalid|local|localhost|onion|test)\Z", re.IGNORECASE)

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt)."""

_BLANK = re.compile("[\u2800\U0001d159]")
"""Symbols that are blank on the screen: the Braille pattern without dots, and the note without a head."""

_JOINERS = re.compile("[\u200c\u200d]")
"""Joiners. In a domain they distinguish two names, where IDNA 2008 allows them (RFC 5892, appendix A)."""


_WIDE = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
"""Full-width forms of ASCII, which Japanese keyboards type and no mailbox name contains."""

_OTHER_AT = str.maketrans("\uff20\ufe6b", "@@")
"""The full-width and the small @, which `key` takes for an @."""


def validated(email: str) -> str:
    """Return the address in normal form; case stays before the @. Raises InvalidEmail. Uses no DNS."""
    email = email.translate(_WIDE).strip()
    internal = _INTERNAL.search(email)
    # email_validator refuses these names, and its only option for that is a list shared by the whole process. So check
    # the address with another name of the same length instead.
    checked = email[: internal.start()] + "x" * len(internal[0]) if internal else email
    # It also refuses domains with joiners, as in Persian and Hindi. Those that IDNA allows are put back below.
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
    except idna.IDNAError:  # for example too long, which email_validator refuses
        return None
    return readable if _JOINERS.search(readable) else None


def with_at(email: str) -> str:
    """Return an address that was never `validated`, as those of a database that was taken over, with an @ of ASCII."""
    return email.strip() if "@" in email else email.strip().translate(_OTHER_AT)


def key(email: str) -> str:
    """Return a key that is equal for all spellings of one address. Never raises.

    The domain becomes its A-label by IDNA 2008, which browsers send for a domain typed in Unicode. The rest ignores
    case, Unicode form and invisible characters.
    """
    email = email.strip()
    if "@" not in email:
        email = _folded(email)  # a full-width @ becomes one
    local, at, domain = email.rpartition("@")
    return _folded(local) + at + _domain(domain)


def _domain(domain: str) -> str:
    # An invalid domain is compared as text, or as a domain if folding makes it valid.
    return _a_labels(domain) or _a_labels(_folded(domain)) or _folded(domain)


def _a_labels(domain: str) -> str | None:
    if len(domain) > _MAX_DOMAIN_LENGTH:
        return None
    try:
        mapped = idna.uts46_remap(domain, std3_rules=False, transitional=False)
        return ".".join(idna.alabel(label).decode() for label in mapped.split("."))
    except UnicodeError:  # idna's errors derive from it
        return None


def _folded(text: str) -> str:
    """Return Unicode's toNFKC_Casefold, applied twice for the few letters that fold into others."""
    for _ in range(2):
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).strip()


def fingerprint(email: str) -> str:
    """Return 128 bits of the SHA-256 of the address's key, for cookies, which must not contain the address."""
    return hashlib.sha256(key(email).encode()).hexdigest()[:32]
