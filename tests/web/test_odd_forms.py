"""Forms as no page of ours sends them, on every route, by somebody who is logged in: refused, and no fault of ours."""

import pytest
from quart import Quart

from quart_auth_app.testing.people import LogInAs, MakeUser, log_in_as, make_user
from tests.conftest import MakeApp
from tests.inbox import Inbox
from tests.people import Client
from tests.repository.test_docs import table
from tests.web.test_matrix import SITE, path_of, site_of

__all__ = ["log_in_as", "make_user"]  # fixtures

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
FIELDS = [*table("Field rules"), "next"]
PROBLEM = "application/problem+json"


def form(*values: str) -> tuple[str, bytes]:
    """Return a form with these values, percent-encoded, for every field."""
    return FORM, "&".join(f"{name}={value}" for name in FIELDS for value in values).encode()


def parts(more: str = "", value: bytes = b"1", *, name: str = '; name="{}"') -> tuple[str, bytes]:
    """Return a form in parts, one for every field, with `more` in each part's head."""
    heads = [f"Content-Disposition: form-data{name.format(field)}{more}" for field in FIELDS]
    return MULTIPART, b"".join(f"--x\r\n{head}\r\n\r\n".encode() + value + b"\r\n" for head in heads) + b"--x--\r\n"


BODIES = {
    "every field twice": form("1", "2"),
    "a NUL": form("a%00b"),
    "a lone surrogate": form("%ED%A0%80"),
    "controls": form("%1B%5B2J%0D%0AX-A:+b%E2%80%AE"),
    "digits of other scripts": form("%D9%A3%C2%B2"),
    "a number beyond any": form("9" * 20),
    "less than nothing": form("-1"),
    "files instead of fields": parts('; filename="a"'),
    "parts that are no text": parts(value=b"\xff\xfe\0"),
    "parts in another charset": parts("\r\nContent-Type: text/plain; charset=utf-16", "1".encode("utf-16")),
    "parts without a name": parts(name=""),
    "parts that end early": (MULTIPART, parts()[1][:-20]),
    "no boundary": ("multipart/form-data", parts()[1]),
    "a boundary that is none": ("multipart/form-data; boundary=\xe9", parts()[1]),
}


@pytest.fixture
def app(make_app: MakeApp, inbox: Inbox) -> Quart:
    """One with everything on."""
    return site_of(make_app, inbox)


@pytest.mark.slow
@pytest.mark.usefixtures("unthrottled")
async def test_an_odd_form_is_no_fault_of_ours_on_any_route(
    app: Quart, client: Client, make_user: MakeUser, log_in_as: LogInAs
) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    paths = {path_of(rule.rule) for rule in rules if not rule.endpoint.startswith((SITE, "providers."))}  # who is away
    assert len(paths) > 35
    for path in sorted(paths):
        has_acted = True
        for kind, (content_type, body) in BODIES.items():
            if has_acted:  # which may have ended the session, or deleted the account
                await log_in_as(client, await make_user())
            headers = {"Content-Type": content_type, "Accept": "application/json"}
            response = await client.post(path, data=body, headers=headers)
            assert response.status_code < 500, (path, kind)
            assert response.status_code < 400 or response.content_type == PROBLEM, (path, kind)
            has_acted = response.status_code < 400
