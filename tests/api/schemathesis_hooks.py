"""What schemathesis loads (SCHEMATHESIS_HOOKS): an admin logs in for each request, as many routes end a session."""

import os
import secrets
import urllib.request
from http.cookies import SimpleCookie
from typing import Any

import schemathesis
from schemathesis import AuthContext, Case
from schemathesis.core.parameters import ParameterLocation

from tests.api.site import DOOR

AnyCase = Case[Any]


@schemathesis.auth(refresh_interval=None)
class Admins:
    """An admin who has just logged in for each request, each time at another computer."""

    def get(self, case: AnyCase, context: AuthContext) -> dict[str, str]:
        """Return the cookies of an admin who has just logged in."""
        ask = urllib.request.Request(os.environ["SITE"] + DOOR, method="POST")
        with urllib.request.urlopen(ask, timeout=60) as response:
            lines = response.headers.get_all("Set-Cookie", [])
        return {name: morsel.value for line in lines for name, morsel in SimpleCookie(line).items()}

    def set(self, case: AnyCase, data: dict[str, str], context: AuthContext) -> None:
        """Send the cookies along, unless schemathesis leaves them out to see what happens then."""
        case.headers["X-Forwarded-For"] = _address()
        if not (case.meta and case.meta.is_negative_at(ParameterLocation.COOKIE)):
            case.cookies.update(data)


def _address() -> str:
    return ".".join(str(each) for each in (10, *secrets.token_bytes(3)))
