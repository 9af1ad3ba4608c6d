"""What a provider says of a person in an ID token (OpenID Connect Core 1.0, 3.1.3.7), once its signature is verified.

Pure: no request, no database, the clock an argument.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from quart_auth_app.clock import LEEWAY

MAX_SUBJECT = 255
"""Characters of a subject, all of them ASCII (OpenID Connect Core 1.0, section 2)."""

_FARTHEST = 2**37
"""Seconds since 1970, in the year 6325: what lies beyond is no time that anybody means."""


class NotProven(Exception):
    """What the provider says doesn't prove who the person is; the message says why, for the log."""


@dataclass(frozen=True)
class Proven:
    """Who a person is at a provider. `issuer` and `subject` together are that for ever, an address is not."""

    issuer: str
    subject: str
    email: str | None
    email_verified: bool
    """Whether the provider itself says that the address is the person's."""
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
    """Check what an ID token claims about itself. Raises NotProven.

    It must be from `issuer`, for `client_id` and nobody else, made for `nonce`, since `began_at`, and not expired. With
    `fresh`, the person must have logged in at the provider since `began_at`.
    """
    subject = claims.get("sub")
    earliest, latest = began_at - LEEWAY, now + LEEWAY
    rules = {
        "iss": claims.get("iss") == issuer,
        # Another audience in the list could take this token to us in the person's name.
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
    """Return who the claims are about; `check` has checked them."""
    email, name = claims.get("email"), claims.get("name")
    is_text = isinstance(email, str) and bool(email)
    return Proven(
        issuer=issuer,
        subject=claims["sub"],
        email=email if is_text else None,
        # JSON's true alone: a text, even "true", is what a provider passes on that has not looked.
        email_verified=is_text and claims.get("email_verified") is True,
        name=name if isinstance(name, str) and name else None,
    )


def _is_subject(subject: str) -> bool:
    return 0 < len(subject) <= MAX_SUBJECT and subject.isascii() and subject.isprintable()


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    seconds = claims.get(name)
    # Not only by type: JSON in Python has NaN and Infinity, and True is a number.
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < _FARTHEST:
        raise NotProven(name)
    return datetime.fromtimestamp(seconds, UTC)
