"""The people of the tests, and small things that many tests need."""

import html
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from quart import Response
from quart.typing import TestClientProtocol

Client = TestClientProtocol
"""A browser, under a name that pytest does not take for a test."""

BOB = {"email": "bob@example.com", "name": "Bob", "password": "sunny otter ladder 42"}
EVE = {"email": "eve@example.com", "name": "Eve", "password": "other harbour kettle 7"}

WRONG_DETAILS = "Please check your login details and try again."
PLEASE_LOG_IN = "Please log in to access this page."


@dataclass
class Clock:
    """The time, as far as the application can tell."""

    now: datetime

    def advance(self, step: timedelta) -> None:
        """Let time pass."""
        self.now += step


async def send(client: Client, method: str, path: str, **arguments: object) -> Response:
    """Send a request whose method is a variable."""
    response: Response = await getattr(client, method.lower())(path, **arguments)
    return response


async def text(response: Response) -> str:
    """Return the page's text as a person reads it: no tags, entities resolved, white space folded."""
    source = await response.get_data(as_text=True)
    body = re.sub(r"<(head|script|style)\b.*?</\1>", "", source, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


async def notice(client: Client, path: str) -> str:
    """Return what stands in the box above the form."""
    source = await (await client.get(path)).get_data(as_text=True)
    box = re.search(r'<div class="notification is-danger" role="alert">(.*?)</div>', source, re.S)
    return html.unescape(re.sub(r"<[^>]+>", "", box.group(1))).strip() if box else ""


async def is_logged_in(client: Client) -> bool:
    """Tell whether the profile opens."""
    return (await client.get("/profile")).status_code == 200


def cookie(client: Client, name: str) -> str | None:
    """Return the value of the browser's cookie."""
    assert client.cookie_jar is not None
    return next((str(each.value) for each in client.cookie_jar if each.name == name), None)
