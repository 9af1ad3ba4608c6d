"""Checks the claims of an ID token whose signature is verified (OpenID Connect Core 1.0, 3.1.3.7).

Pure functions: no request, no database; the time is an argument.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from quart_auth_app.clock import LEEWAY

MAX_SUBJECT = 255
"""Longest subject, in ASCII characters (OpenID Connect Core 1.0, section 2)."""

_FARTHEST = 2**37
"""Seconds since 1970, in the year 6325; a later time is a mistake."""


class NotProven(Exception):
    """The claims don't prove who the person is; the message, for the log, says why."""


@dataclass(frozen=True)
class Proven:
    """A person at a provider. `issuer` and `subject` together identify them for ever; an address doesn't."""

    issuer: str
    subject: str
    email: str | None
    email_verified: bool
    """Whether the provider says that it has verified the address."""
    name: str | None


def check(
    claims: Mapping[str, Any],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    began_at: datetime,
    fresh: bool,
    now: datetime,
) -> None:
    """Check the claims of an ID token. Raises NotProven.

    It must be from `issuer`, for `client_id` only, with `nonce`, issued since `began_at`, and not expired. With
    `fresh`, the person must have logged in at the provider since `began_at`.
    """
    subject = claims.get("sub")
    earliest, latest = began_at - LEEWAY, now + LEEWAY
    rules = {
        "iss": claims.get("iss") == issuer,
        # No further audience: that one could send us this token in the person's name.
        "aud": claims.get("aud") in (client_id, [client_id]),
        "azp": claims.get("azp", client_id) == client_id,
        "nonce": claims.get("nonce") == nonce,
        "sub": isinstance(subject, str) and _is_subject(subject),
        "exp": _moment(claims, "exp") > now - LEEWAY,
        "iat": earliest <= _moment(claims, "iat") <= latest,
        "nbf": "nbf" not in claims or _moment(claims, "nbf") <= latest,
        "auth_time": not fresh or earliest <= _moment(claims, "auth_time") <= latest,
    }
    for name, holds in rules.items():
        if not holds:
            raise NotProven(name)


def proven(claims: Mapping[str, Any], *, issuer: str) -> Proven:
    """Return the person of the claims, which `check` must have checked."""
    email, name = claims.get("email"), claims.get("name")
    is_text = isinstance(email, str) and bool(email)
    return Proven(
        issuer=issuer,
        subject=claims["sub"],
        email=email if is_text else None,
        # Only JSON's true: a text, even "true", suggests that the provider passes it on unchecked.
        email_verified=is_text and claims.get("email_verified") is True,
        name=name if isinstance(name, str) and name else None,
    )


def _is_subject(subject: str) -> bool:
    return 0 < len(subject) <= MAX_SUBJECT and subject.isascii() and subject.isprintable()


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    seconds = claims.get(name)
    # The range too: Python's JSON allows NaN and Infinity. And True is an int.
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < _FARTHEST:
        raise NotProven(name)
    return datetime.fromtimestamp(seconds, UTC)
