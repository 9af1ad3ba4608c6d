"""Attempts to log in at a provider, each in a signed cookie of its own, so that browser tabs don't mix them up.

The database holds nothing before somebody comes back: a client that begins many attempts fills only its own cookies.
"""

import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from itsdangerous import BadData
from quart import request

from quart_auth_app.accounts.factors import provider_attempts
from quart_auth_app.accounts.factors.provider_attempts import Attempt
from quart_auth_app.web.identity import cookies
from quart_auth_app.web.identity.cookies import cookie_name
from quart_auth_app.web.identity.signatures import PatientSerializer
from quart_auth_app.web.services import services

PREFIX = "provider-"
"""The cookies' names begin so; what follows is made from `state`."""

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


def remember(carried: Carried) -> None:
    """Store the attempt in a cookie of the response. If the browser has too many, the oldest are deleted."""
    kept = sorted(_all().items(), key=lambda each: each[1].attempt.began_at if each[1] else _LONG_AGO, reverse=True)
    for name, _ in kept[MOST - 1 :]:
        cookies.forget(name)
    value = _written(carried)
    if len(value) > MAX_VALUE:
        value = _written(replace(carried, suspended=None))
    cookies.remember(_name(carried.attempt.state), value, lasts=provider_attempts.LASTS)


def take(state: str) -> Carried | None:
    """Return this browser's attempt with this `state`, and delete its cookie; None if it has none."""
    name = _name(state)
    cookies.forget(name)
    found = _read(cookies.own(name))
    return found if found and found.attempt.state == state else None


def _all() -> dict[str, Carried | None]:
    start = cookie_name(PREFIX, services().settings)
    names = [PREFIX + name.removeprefix(start) for name in request.cookies if name.startswith(start)]
    return {name: _read(cookies.own(name)) for name in names}


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


def _name(state: str) -> str:
    return PREFIX + hashlib.sha256(state.encode()).hexdigest()[:16]


def _serializer() -> PatientSerializer:
    return cookies.serializer("attempt at a provider, of")


_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
