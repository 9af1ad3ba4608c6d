"""Options for browsers, by which they make a passkey or use one (W3C Web Authentication, level 3). Pure functions."""

from collections.abc import Iterable
from typing import Any

from quart_auth_app.accounts.factors.passkeys import ALGORITHMS, Site, encoded

TIMEOUT = 10 * 60 * 1000
"""Milliseconds that the browser may take; WebAuthn, section 15.1, recommends five to ten minutes."""


def creation_options(
    site: Site, *, challenge: bytes, handle: bytes, email: str, name: str, known: Iterable[bytes]
) -> dict[str, Any]:
    """Return the options for navigator.credentials.create(), for JSON. `known` are the user's passkeys."""
    return {
        "rp": {"id": site.host, "name": site.name},
        "user": {"id": encoded(handle), "name": email, "displayName": name},
        "challenge": encoded(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": number} for number in ALGORITHMS],
        "timeout": TIMEOUT,
        "excludeCredentials": _described(known),
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    }


def request_options(site: Site, *, challenge: bytes, allowed: Iterable[bytes] = ()) -> dict[str, Any]:
    """Return the options for navigator.credentials.get(), for JSON: for one of `allowed`, or for any passkey."""
    return {
        "challenge": encoded(challenge),
        "timeout": TIMEOUT,
        "rpId": site.host,
        "allowCredentials": _described(allowed),
        "userVerification": "required",
    }


def _described(credential_ids: Iterable[bytes]) -> list[dict[str, str]]:
    return [{"type": "public-key", "id": encoded(each)} for each in credential_ids]
