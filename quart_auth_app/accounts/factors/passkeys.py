"""Passkeys (W3C Web Authentication, level 3): checks of browsers' answers. `passkey_options` asks for them.

Pure functions. Only one kind of passkey: discoverable, and with user verification (fingerprint, face or PIN), so that
it is two factors by itself.
"""

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from quart_auth_app.accounts.factors import android_attestations

Result = TypeVar("Result")

ALGORITHMS = (-8, -7, -257)
"""EdDSA, ES256 and RS256, by their COSE numbers: every authenticator supports one of them."""

TRANSPORTS = {"ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"}
"""WebAuthn's words for how a browser reaches an authenticator; other words are dropped."""

MAX_ID_BYTES = 1023
"""WebAuthn, section 7.1. PostgreSQL could not index much longer ones."""

HANDLE_BYTES = 64
"""The length of a user handle: WebAuthn, section 14.6.1, recommends 64, which is also the maximum."""


class NotValid(Exception):
    """The browser's answer is invalid; the message, for the log, says why."""


@dataclass(frozen=True)
class Site:
    """The site for WebAuthn: passkeys belong to its host, and answers contain its origin."""

    host: str
    origin: str
    name: str


@dataclass(frozen=True)
class Answer:
    """The parts of the browser's answer that are read before it is verified."""

    content: dict[str, Any]
    credential_id: bytes
    challenge: bytes
    user_handle: bytes
    """The user handle that the authenticator reports; empty at registration."""


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
    """The passkey's state in a valid answer."""

    sign_count: int
    backed_up: bool


def read(credential: str) -> Answer:
    """Parse what the page's script sent, without verifying it. Raises NotValid."""
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
    """Load the library in a thread: it takes 0.05 s and 2 MB, which sites without passkeys don't need."""
    await asyncio.to_thread(android_attestations.load_webauthn)


def register(site: Site, answer: Answer) -> Registered:
    """Verify the answer and return the new passkey. The caller must check the challenge. Raises NotValid."""
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
    if len(found.credential_id) > MAX_ID_BYTES:
        raise NotValid(f"an id of {len(found.credential_id)} bytes")
    transports = answer.content["response"].get("transports")
    known = transports if isinstance(transports, list) else []
    return Registered(
        credential_id=found.credential_id,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        transports=" ".join(sorted(TRANSPORTS & {each for each in known if isinstance(each, str)})),
        backup_eligible=found.credential_device_type.value == "multi_device",
        backed_up=found.credential_backed_up,
        aaguid=found.aaguid,
    )


def verify(site: Site, answer: Answer, *, public_key: bytes) -> Used:
    """Verify the passkey's signature, and return its state. The caller must check the challenge. Raises NotValid.

    The caller also judges the counter: the library would refuse one that doesn't rise, and so lock out people whose
    passkey was restored from a backup. WebAuthn, section 6.1.1, calls it a signal, not a proof.
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
    """Return bytes in base64url without padding, as in WebAuthn's JSON."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Return the bytes. Raises ValueError or TypeError."""
    return base64.urlsafe_b64decode(text + "==")  # too much padding is ignored


def _checked(verify: Callable[[], Result]) -> Result:
    try:
        return verify()
    # For hostile answers the library raises errors of many kinds: its own, Python's, and those of the libraries for
    # certificates and for CBOR.
    except Exception as error:
        raise NotValid(f"{type(error).__name__}: {error}"[:200]) from error
