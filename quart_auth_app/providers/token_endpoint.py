"""A provider's token endpoint: redeems the code that a person has brought back (OpenID Connect Core 1.0, 3.1.3)."""

import base64
import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from quart_auth_app.accounts.factors.identities import NotProven
from quart_auth_app.accounts.factors.provider_attempts import Attempt
from quart_auth_app.accounts.provider_errors import ProviderDenied
from quart_auth_app.providers.discovery import Metadata
from quart_auth_app.providers.fetching import Answer, Unreachable, fetch
from quart_auth_app.settings.providers import ProviderSettings

_ERROR = re.compile(r"[a-z_]{1,40}", re.ASCII)

_log = logging.getLogger("quart_auth_app.providers")


async def redeem(
    settings: ProviderSettings, metadata: Metadata, attempt: Attempt, answer: Mapping[str, str]
) -> Mapping[str, Any]:
    """Return what the endpoint gives for the code of `answer`: the tokens. They are not checked yet.

    Raises ProviderDenied, NotProven or Unreachable.
    """
    if "error" in answer:
        raise ProviderDenied(reason=_error(answer["error"]), label=settings.label)
    if not answer.get("code"):
        raise NotProven("no code")
    form = {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": attempt.redirect_uri,
        "code_verifier": attempt.verifier,
    }
    got = await fetch(metadata.token_endpoint, **_signed(settings, metadata, form))
    if got.status != 200:
        raise _not_redeemed(settings, got)
    return got.body


def _signed(settings: ProviderSettings, metadata: Metadata, form: dict[str, str]) -> dict[str, Any]:
    own, secret = settings.client_id, settings.client_secret
    if metadata.secret_in_body:
        return {"form": form | {"client_id": own, "client_secret": secret}}
    # RFC 6749, 2.3.1: both are form-encoded before they are joined by the colon.
    pair = f"{quote(own, safe='')}:{quote(secret, safe='')}"
    return {"form": form, "headers": {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}}


def _not_redeemed(settings: ProviderSettings, got: Answer) -> Exception:
    said = _error(got.body.get("error"))
    if got.status >= 500 or got.status == 429:
        return Unreachable(f"its token endpoint answers with status {got.status}")
    if said in {"invalid_client", "unauthorized_client", "invalid_request"}:
        _log.error("%s does not accept us: %s; look at its client id and secret", settings.name, said)
    return NotProven(f"token endpoint: {said}")


def _error(value: object) -> str:
    # Anybody can put text into that URL, so only a word like RFC 6749's error codes is logged.
    return value if isinstance(value, str) and _ERROR.fullmatch(value) else "another error"
