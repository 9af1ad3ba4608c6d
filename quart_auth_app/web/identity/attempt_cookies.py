"""Attempts to log in at a provider, each in a signed cookie of its own, so that tabs don't get in each other's way.

Nothing is written before somebody comes back: whoever begins without end fills their own browser.
"""

import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from itsdangerous import BadData, URLSafeSerializer
from quart import Response, after_this_request, current_app, request
from quart.typing import ResponseTypes

from quart_auth_app.accounts.factors import provider_attempts
from quart_auth_app.accounts.factors.provider_attempts import Attempt
from quart_auth_app.web.identity.cookies import cookie_name, signing_keys
from quart_auth_app.web.services import services

MOST = 4
"""Attempts of one browser at a time. A server reads some kilobytes of cookies, and each has up to two."""


MAX_VALUE = 3500
"""Characters of the longest value: browsers keep cookies of 4,096 bytes, name and flags among them."""


@dataclass(frozen=True)
class Carried:
    """An attempt, and what it is for."""

    attempt: Attempt
    purpose: str
    who: str
    """Who is logged in, and by which session, where the purpose is about them; else empty."""
    next: str | None
    remember: bool = False
    suspended: dict[str, Any] | None = None
    """What the person was about to do that needed a proof; forgotten where it is too much for a cookie."""


def remember(carried: Carried, response: Response) -> None:
    """Let the browser carry the attempt. Of many, the oldest are dropped."""
    kept = sorted(_all().items(), key=lambda each: each[1].attempt.began_at if each[1] else _LONG_AGO, reverse=True)
    for name, _ in kept[MOST - 1 :]:
        _delete(name, response)
    value = _written(carried)
    if len(value) > MAX_VALUE:
        value = _written(replace(carried, suspended=None))
    response.set_cookie(
        _name(carried.attempt.state),
        value,
        max_age=provider_attempts.LASTS,
        secure=services().settings.https,
        httponly=True,
        samesite="Lax",  # not Strict: it has to come along when the provider sends the browser back
    )


def take(state: str) -> Carried | None:
    """Return this browser's attempt with this state, and take its cookie away; None if it has none."""
    name = _name(state)

    @after_this_request
    async def drop(response: ResponseTypes) -> ResponseTypes:
        _delete(name, response)
        return response

    found = _read(request.cookies.get(name, ""))
    return found if found and found.attempt.state == state else None


def _all() -> dict[str, Carried | None]:
    return {name: _read(value) for name, value in request.cookies.items() if name.startswith(_prefix())}


def _written(carried: Carried) -> str:
    fields = asdict(carried)
    fields["attempt"]["began_at"] = carried.attempt.began_at.timestamp()
    value: str = _serializer().dumps(fields)
    return value


def _read(value: str) -> Carried | None:
    try:
        fields = _serializer().loads(value)
    except BadData:
        return None
    began_at = datetime.fromtimestamp(fields["attempt"].pop("began_at"), UTC)
    return Carried(attempt=Attempt(began_at=began_at, **fields.pop("attempt")), **fields)


def _delete(name: str, response: ResponseTypes) -> None:
    response.delete_cookie(name, secure=services().settings.https, httponly=True, samesite="Lax")


def _prefix() -> str:
    return cookie_name("provider-", services().settings)


def _name(state: str) -> str:
    return _prefix() + hashlib.sha256(state.encode()).hexdigest()[:16]


def _serializer() -> URLSafeSerializer:
    # PUBLIC_URL in the salt: where two sites share a key, an attempt at one means nothing at the other.
    salt = f"attempt at a provider, of {services().settings.public_url}"
    return URLSafeSerializer(
        signing_keys(current_app.config), salt=salt, signer_kwargs={"digest_method": hashlib.sha256}
    )


_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
