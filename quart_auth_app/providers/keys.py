"""A provider's keys, and checks of ID tokens that it has signed (RFC 7515, 7517, 7519)."""

from collections.abc import Mapping, Sequence
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from quart_auth_app.accounts.factors.identities import NotProven
from quart_auth_app.providers.fetching import Unreachable, fetch

KINDS: dict[str, tuple[str, type[RSAKey] | type[ECKey] | type[OKPKey]]] = {
    "RS256": ("RSA", RSAKey),
    "PS256": ("RSA", RSAKey),
    "ES256": ("EC", ECKey),
    "EdDSA": ("OKP", OKPKey),
}
"""The accepted algorithms, whatever a provider or a token says, and the kind of key of each (ASVS 10.5.2, 11.2.1)."""

MIN_RSA_BITS = 2048
"""NIST SP 800-131A, revision 2."""

MAX_KEYS = 50
"""How many keys of one set are used; providers have a handful."""

FAULTS = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What joserfc raises for an invalid key or token."""


class _Algorithms(jws.JWSRegistry):
    # joserfc warns for each EdDSA that RFC 9864 has a newer name; providers use the old one.
    def get_alg(self, name: str) -> Any:
        if name not in KINDS:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


# Unknown headers are allowed, except those marked as critical (RFC 7515, 4.1.11).
_ALGORITHMS = _Algorithms(strict_check_header=False)


async def fetch_keys(jwks_uri: str) -> list[Mapping[str, Any]]:
    """Return the provider's signature keys, as JWKs. Raises Unreachable."""
    answer = await fetch(jwks_uri)
    if answer.status != 200:
        raise Unreachable(f"its keys answer with status {answer.status}")
    found = answer.body.get("keys")
    if not isinstance(found, list):
        raise Unreachable("its keys are no set of keys")
    usable: list[Mapping[str, Any]] = [
        each for each in found[:MAX_KEYS] if isinstance(each, dict) and each.get("use", "sig") == "sig"
    ]
    if not any(_imported(each, algorithm) for each in usable for algorithm in KINDS):
        raise Unreachable("it has no key that can be used here")
    return usable


def verified(token: str, keys: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the claims of a token that one of the keys has signed. Raises NotProven."""
    header = _header(token)
    algorithm, number = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in KINDS:
        raise NotProven("alg")
    for each in keys:
        if number is not None and each.get("kid") != number:
            continue
        key = _imported(each, algorithm)
        if key is None:
            continue
        try:
            return jwt.decode(token, key, algorithms=[algorithm], registry=_ALGORITHMS).claims
        except FAULTS:
            continue
    raise NotProven("signature")


def _header(token: str) -> Mapping[str, Any]:
    try:
        return jws.extract_compact(token.encode(), registry=_ALGORITHMS).headers()
    except FAULTS:
        raise NotProven("token") from None


def _imported(key: Mapping[str, Any], algorithm: str) -> Key | None:
    kind, make = KINDS[algorithm]
    if key.get("kty") != kind or key.get("alg", algorithm) != algorithm:
        return None
    if kind == "RSA" and not _is_long(key.get("n")):
        return None
    try:
        return make.import_key(dict(key))
    except FAULTS:
        return None


def _is_long(modulus: object) -> bool:
    # Each character of base64url encodes six bits; leading As are zeros.
    return isinstance(modulus, str) and len(modulus.lstrip("A")) * 6 >= MIN_RSA_BITS
