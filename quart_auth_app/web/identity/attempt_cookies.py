"""Attempts to log in at a provider, each in a signed cookie of its own, so that browser tabs don't mix them up.

The database holds nothing before somebody comes back: a client that begins many attempts fills only its own cookies.
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
"""Attempts of one browser at the same time. Servers limit the size of all cookies, and each may have some kilobytes."""


MAX_VALUE = 3500
"""Longest value in characters: browsers keep cookies of at most 4,096 bytes, including name and attributes."""


@dataclass(frozen=True)
class Carried:
    """An attempt, and what it is for."""

    attempt: Attempt
    purpose: str
    who: str
    """The user and session that the purpose is about; empty for a log-in."""
    next: str | None
    remember: bool = False
    suspended: dict[str, Any] | None = None
    """The form that needed a proof, to be sent again afterwards; dropped if it is too long for a cookie."""


def remember(carried: Carried, response: Response) -> None:
    """Store the attempt in a cookie. If the browser has too many, the oldest are deleted."""
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
        samesite="Lax",  # not Strict: the cookie must be sent when the provider redirects back to us
    )


def take(state: str) -> Carried | None:
    """Return this browser's attempt with this `state`, and delete its cookie; None if it has none."""
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
    # PUBLIC_URL in the salt: if two sites share a key, neither accepts an attempt of the other.
    salt = f"attempt at a provider, of {services().settings.public_url}"
    return URLSafeSerializer(
        signing_keys(current_app.config), salt=salt, signer_kwargs={"digest_method": hashlib.sha256}
    )


_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
