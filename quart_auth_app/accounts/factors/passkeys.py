"""Passkeys (W3C Web Authentication, level 3): what browsers are asked, and whether what they answer is right.

Pure functions. One kind of passkey: discoverable, and used with the user's fingerprint, face or PIN ("user
verification"), so that it is two factors by itself.
"""

import asyncio
import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from quart_auth_app.accounts.factors import android_attestations

Result = TypeVar("Result")

ALGORITHMS = (-8, -7, -257)
"""EdDSA, ES256 and RS256, by their numbers in COSE: every authenticator knows one of them."""

TRANSPORTS = {"ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"}
"""How browsers say that they reach an authenticator; other words are not kept."""

TIMEOUT = 10 * 60 * 1000
"""Milliseconds that the browser may take; WebAuthn, section 15.1, recommends five to ten minutes."""

HANDLE_BYTES = 64
"""As many as WebAuthn, section 14.6.1, recommends and allows."""


class NotValid(Exception):
    """What the browser sent is no answer to what it was asked. The text says why, for the log."""


@dataclass(frozen=True)
class Site:
    """The site as browsers know it: a passkey works for its host, and its answers name its origin."""

    host: str
    origin: str
    name: str


@dataclass(frozen=True)
class Answer:
    """What the browser sent, as far as it can be read before it is verified."""

    content: dict[str, Any]
    credential_id: bytes
    challenge: bytes
    user_handle: bytes
    """Whose passkey the authenticator takes it for; empty at registration."""


@dataclass(frozen=True)
class Registered:
    """A new passkey."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: str
    backup_eligible: bool
    backed_up: bool
    aaguid: str


@dataclass(frozen=True)
class Used:
    """What a right answer tells besides."""

    sign_count: int
    backed_up: bool


def creation_options(
    site: Site, *, challenge: bytes, handle: bytes, email: str, name: str, known: Iterable[bytes]
) -> dict[str, Any]:
    """Return what the browser is asked in order to make a passkey, for JSON. `known` are those that the user has."""
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
    """Return what the browser is asked in order to use a passkey, for JSON: one of `allowed`, or any that it has."""
    return {
        "challenge": encoded(challenge),
        "timeout": TIMEOUT,
        "rpId": site.host,
        "allowCredentials": _described(allowed),
        "userVerification": "required",
    }


def read(credential: str) -> Answer:
    """Read what the script in the page sent, and believe nothing of it yet. Raises NotValid."""
    try:
        content = json.loads(credential)
        response = content["response"]
        return Answer(
            content=content,
            credential_id=decoded(content["rawId"]),
            challenge=decoded(json.loads(decoded(response["clientDataJSON"]))["challenge"]),
            user_handle=decoded(response.get("userHandle") or ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotValid(f"unreadable: {type(error).__name__}") from None


async def load() -> None:
    """Load the library in a thread: it takes 0.05 s and 2 MB, which sites without passkeys never pay."""
    await asyncio.to_thread(android_attestations.load_webauthn)


def register(site: Site, answer: Answer) -> Registered:
    """Return the passkey that was made. The caller has checked the challenge. Raises NotValid."""
    import webauthn  # see load()
    from webauthn.helpers.cose import COSEAlgorithmIdentifier

    found = _checked(
        lambda: webauthn.verify_registration_response(
            credential=answer.content,
            expected_challenge=answer.challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(number) for number in ALGORITHMS],
        )
    )
    transports = answer.content["response"].get("transports")
    return Registered(
        credential_id=found.credential_id,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        transports=" ".join(sorted(TRANSPORTS & {str(each) for each in transports or () if isinstance(each, str)})),
        backup_eligible=found.credential_device_type.value == "multi_device",
        backed_up=found.credential_backed_up,
        aaguid=found.aaguid,
    )


def verify(site: Site, answer: Answer, *, public_key: bytes) -> Used:
    """Return what the answer tells if the passkey has signed it. The caller has checked the challenge. Raises NotValid.

    The count is for the caller to judge: the library would refuse one that doesn't rise, and so lock out whoever's
    passkey was restored from a copy. WebAuthn, section 6.1.1, calls it a signal and no proof.
    """
    import webauthn  # see load()

    found = _checked(
        lambda: webauthn.verify_authentication_response(
            credential=answer.content,
            expected_challenge=answer.challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    )
    return Used(found.new_sign_count, found.credential_backed_up)


def encoded(content: bytes) -> str:
    """Return bytes as WebAuthn's JSON has them: base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Return the bytes. Raises ValueError or TypeError."""
    return base64.urlsafe_b64decode(text + "==")  # what is too much of padding is passed over


def _described(credential_ids: Iterable[bytes]) -> list[dict[str, str]]:
    return [{"type": "public-key", "id": encoded(each)} for each in credential_ids]


def _checked(verify: Callable[[], Result]) -> Result:
    from webauthn.helpers.exceptions import WebAuthnException  # see load()

    try:
        return verify()
    # Of hostile answers, the library lets a few out as what they broke on.
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise NotValid(f"{type(error).__name__}: {error}"[:200]) from error
