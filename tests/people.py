"""People for tests, and small helpers of many tests."""

import html
import json
import re
from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from quart import Response
from quart.typing import TestClientProtocol

from quart_auth_app.accounts import users
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import WrongDetails
from quart_auth_app.accounts.logging_in import password_log_in
from quart_auth_app.models import User
from quart_auth_app.testing import Clock as Clock
from quart_auth_app.web.services import Services
from quart_auth_app.web.telemetry.logs import JsonLines

Client = TestClientProtocol
"""A test client, under a name that pytest doesn't collect as a test."""

BOB = {"email": "bob@example.com", "name": "Bob", "password": "sunny otter ladder 42"}
EVE = {"email": "eve@example.com", "name": "Eve", "password": "other harbour kettle 7"}

WRONG_DETAILS = "Please check your login details and try again."
PLEASE_LOG_IN = "Please log in to access this page."


@dataclass
class Accounts:
    """Signs up and logs in with defaults for the arguments that most tests don't need."""

    services: Services

    async def sign_up(self, **fields: str) -> User:
        """Sign up from a new IP address."""
        browser = Browser(address=fields.pop("address", "") or next(addresses))
        transaction, passwords = self.services.database.transaction, self.services.passwords
        usual: dict[str, Any] = {"site": "localhost"} | fields
        return await users.sign_up(transaction, passwords, **usual, browser=browser, now=datetime.now(UTC))

    async def log_in(self, *, now: datetime | None = None, **fields: str | None) -> User | None:
        """Log in from a new IP address. Returns the user, None if the details are wrong."""
        browser = Browser(address=fields.pop("address", None) or next(addresses))
        passwords, refusals = self.services.passwords, self.services.refusals
        named: dict[str, Any] = {"remember": False, "browser": browser, "now": now or datetime.now(UTC), **fields}
        try:
            return (await password_log_in.with_password(self.services.database, passwords, refusals, **named)).user
        except WrongDetails:
            return None


addresses = (f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}" for number in count(1))
"""IP addresses, each different."""


def elsewhere() -> dict[str, object]:
    """Return the arguments by which a test client's request comes from a new IP address."""
    return {"scope_base": {"client": (next(addresses), 50000)}}


@dataclass
class Events:
    """The security log."""

    caplog: pytest.LogCaptureFixture

    @property
    def lines(self) -> list[str]:
        """All lines, as they are written to standard output."""
        records = [record for record in self.caplog.records if record.name == "quart_auth_app.security"]
        return [JsonLines().format(record) for record in records]

    @property
    def all(self) -> list[dict[str, str]]:
        """All events."""
        return [json.loads(line) for line in self.lines]

    @property
    def names(self) -> list[str]:
        """The names of all events, in order."""
        return [event["event"] for event in self.all]


async def send(client: Client, method: str, path: str, **arguments: object) -> Response:
    """Send a request with any HTTP method."""
    response: Response = await getattr(client, method.lower())(path, **arguments)
    return response


async def text(response: Response) -> str:
    """Return the page's text as a person reads it: without tags, entities decoded, white space collapsed."""
    source = await response.get_data(as_text=True)
    body = re.sub(r"<(head|script|style)\b.*?</\1>", "", source, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


async def notice(client: Client, path: str) -> str:
    """Return the message in the box above the form."""
    source = await (await client.get(path)).get_data(as_text=True)
    box = re.search(r'<div class="notification is-\w+" role="\w+">(.*?)</div>', source, re.S)
    return html.unescape(re.sub(r"<[^>]+>", "", box.group(1))).strip() if box else ""


def set_cookies(response: Response) -> dict[str, set[str]]:
    """Return the cookies that a response sets, each with its flags."""
    split = [each.split("; ") for each in response.headers.getlist("Set-Cookie")]
    return {first.partition("=")[0]: set(flags) for first, *flags in split}


async def is_logged_in(client: Client) -> bool:
    """Tell whether the profile page opens."""
    status = (await client.get("/profile")).status_code
    assert status in {200, 302}, "an error is neither"
    return status == 200


def cookie(client: Client, name: str) -> str | None:
    """Return the value of the browser's cookie, None if it has none."""
    assert client.cookie_jar is not None
    return next((str(each.value) for each in client.cookie_jar if each.name == name), None)


def decoded(value: str) -> str:
    """Return a signed cookie's value together with its decoded parts."""
    parts = [value, *value.split(".")]
    return value + "".join(b64decode(part + "==", altchars=b"-_").decode("latin-1") for part in parts[1:])
