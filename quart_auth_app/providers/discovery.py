"""The discovery document of a provider (OpenID Connect Discovery 1.0)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quart_auth_app.providers.fetching import Unreachable, fetch
from quart_auth_app.settings.providers import is_safe

PATH = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Metadata:
    """The provider's endpoints and abilities."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    names_itself: bool
    """Whether its answers contain its issuer identifier (RFC 9207)."""
    secret_in_body: bool
    """Whether it accepts the client's secret only in the form, not in a header."""


async def discover(issuer: str) -> Metadata:
    """Fetch the document. Raises Unreachable, also if it names another issuer."""
    answer = await fetch(issuer.rstrip("/") + PATH)
    if answer.status != 200:
        raise Unreachable(f"its discovery document answers with status {answer.status}")
    if answer.body.get("issuer") != issuer:
        # The configured issuer decides, never the fetched one (ASVS 10.5.3).
        raise Unreachable(f"it calls itself {str(answer.body.get('issuer'))[:200]!r}, not {issuer!r}")
    methods = answer.body.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Metadata(
        authorization_endpoint=_address(answer.body, "authorization_endpoint"),
        token_endpoint=_address(answer.body, "token_endpoint"),
        jwks_uri=_address(answer.body, "jwks_uri"),
        userinfo_endpoint=_address(answer.body, "userinfo_endpoint") if "userinfo_endpoint" in answer.body else None,
        names_itself=answer.body.get("authorization_response_iss_parameter_supported") is True,
        secret_in_body=isinstance(methods, list) and "client_secret_basic" not in methods,
    )


def _address(found: Mapping[str, Any], name: str) -> str:
    address = found.get(name)
    if not isinstance(address, str) or not is_safe(address):
        raise Unreachable(f"its discovery document has no usable {name}")
    return address
