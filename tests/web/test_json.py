"""The same routes in JSON: what a program sends and gets."""

import json
from datetime import timedelta

import pytest
from quart import Quart, Response

from quart_auth_app.accounts.factors import recovery_codes
from tests.conftest import MakeApp
from tests.inbox import Inbox
from tests.people import BOB, EVE, Client, Clock, cookie, is_logged_in
from tests.second_steps import turn_on

JSON = {"Accept": "application/json"}


async def post(client: Client, path: str, fields: object = None, **headers: str) -> Response:
    """Send an object of JSON, and ask for one."""
    return await client.post(path, json={} if fields is None else fields, headers=JSON | headers)


async def get(client: Client, path: str) -> dict[str, object]:
    """Return what the page tells."""
    response = await client.get(path, headers=JSON)
    assert response.content_type == "application/json", await response.get_data()
    found: dict[str, object] = await response.get_json()
    return found


@pytest.fixture
async def signed_up(client: Client) -> Client:
    """A program that has signed up and logged in as Bob."""
    assert (await post(client, "/signup", BOB)).status_code == 201
    response = await post(client, "/login", BOB)
    assert (response.status_code, await response.get_json()) == (200, {"next": "/profile"})
    return client


async def test_a_sign_up_and_a_log_in(client: Client) -> None:
    response = await post(client, "/signup", BOB)
    assert response.status_code == 201
    assert await response.get_json() == {
        "message": "Your account has been created. You can log in now.",
        "next": "/login",
    }
    assert "Location" not in response.headers
    assert "Set-Cookie" not in response.headers, "no message waits for a page that nobody opens"
    assert {"accept", "cookie"} <= response.vary.as_set()
    await post(client, "/login", BOB | {"remember": True})
    assert await is_logged_in(client)
    assert await get(client, "/profile") == {"name": "Bob"}


async def test_a_page_that_leads_on_says_where_to(signed_up: Client) -> None:
    assert await get(signed_up, "/login") == {"next": "/profile"}


async def test_recovery_codes_are_a_list(signed_up: Client) -> None:
    codes = recovery_codes.derived("a secret")[:2]
    response = await post(signed_up, "/account/second-step/recovery-codes/text", {"shown": codes})
    assert (await response.get_data(as_text=True)).split()[-2:] == codes


@pytest.mark.parametrize(("remember", "lasts"), [(True, True), (False, False), (None, False)])
async def test_checkboxes_are_true_or_false(client: Client, remember: bool | None, lasts: bool) -> None:
    await post(client, "/signup", BOB)
    response = await post(client, "/login", BOB | {"remember": remember})
    (log_in,) = [each for each in response.headers.getlist("Set-Cookie") if each.startswith("log-in=")]
    assert ("Max-Age" in log_in) is lasts


async def test_a_refusal_says_what_is_wrong_with_which_field(client: Client) -> None:
    response = await post(client, "/signup", BOB | {"password": "short"})
    assert (response.status_code, response.content_type) == (422, "application/problem+json")
    assert await response.get_json() == {
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "Please choose a password of at least 9 characters.",
        "code": "PasswordTooShort",
        "field": "password",
        "values": {"min_length": 9},
    }
    await post(client, "/signup", BOB)
    taken = await post(client, "/signup", BOB | {"password": "another harbour 12"})
    assert (taken.status_code, (await taken.get_json())["code"]) == (409, "EmailTaken")
    wrong = await post(client, "/login", BOB | {"password": "wrong"})
    assert (wrong.status_code, wrong.headers["WWW-Authenticate"]) == (401, "Cookie")
    assert (await wrong.get_json())["code"] == "WrongDetails"


async def test_a_missing_second_step_is_a_401_that_says_how(time: Clock, app: Quart, client: Client) -> None:
    await post(client, "/signup", BOB)
    phone = await turn_on(app)
    time.advance(timedelta(minutes=1))
    response = await post(client, "/login", BOB)
    assert response.status_code == 401
    body = await response.get_json()
    assert (body["code"], body["methods"]) == ("SecondStepRequired", ["totp", "recovery-code"])
    assert not await is_logged_in(client)
    wrong = await post(client, body["next"], {"code": "000000"})
    assert (wrong.status_code, (await wrong.get_json())["field"]) == (401, "code")
    assert (await post(client, body["next"], {"code": phone.code()})).status_code == 200
    assert await is_logged_in(client)


async def test_a_second_step_without_a_first_is_a_refusal(client: Client) -> None:
    response = await post(client, "/login/second-step", {"code": "123456"})
    assert (response.status_code, (await response.get_json())["code"]) == (401, "NoPendingLogIn")


async def test_sudo_is_a_403_and_the_proof_comes_with_the_fields(time: Clock, signed_up: Client) -> None:
    time.advance(timedelta(minutes=11))
    response = await post(signed_up, "/account/export")
    assert (response.status_code, (await response.get_json())["code"]) == (403, "SudoRequired")
    wrong = await post(signed_up, "/account/export", {"sudo_password": "wrong"})
    assert (await wrong.get_json())["code"] == "WrongPassword"
    everything = await post(signed_up, "/account/export", {"sudo_password": BOB["password"]})
    assert (await everything.get_json())["account"]["email"] == BOB["email"]


async def test_what_the_pages_tell(signed_up: Client) -> None:
    account = await get(signed_up, "/account")
    assert {name: account[name] for name in ("id", "email", "name", "roles", "has_password")} == {
        "id": 1,
        "email": BOB["email"],
        "name": "Bob",
        "roles": [],
        "has_password": True,
    }
    assert not {"password", "password_version", "email_key"} & set(account)
    sessions = await get(signed_up, "/account/sessions")
    assert [each["is_this"] for each in sessions["sessions"]] == [True]  # type: ignore[attr-defined]  # JSON
    activity = await get(signed_up, "/account/activity")
    assert [each["kind"] for each in activity["events"]] == ["logged_in", "created"]  # type: ignore[attr-defined]  # JSON
    assert await get(signed_up, "/account/second-step") == {
        "is_on": False,
        "recovery_codes": 0,
        "key": None,
        "uri": None,
    }
    assert (await get(signed_up, "/account/passkeys"))["passkeys"] == []


async def test_a_second_step_is_enrolled(time: Clock, signed_up: Client) -> None:
    import base64
    import re

    from quart_auth_app.accounts.factors import totp

    await post(signed_up, "/account/second-step")
    shown = await get(signed_up, "/account/second-step")
    seed = base64.b32decode(re.findall("secret=([A-Z2-7]+)", str(shown["uri"]))[0])
    response = await post(signed_up, "/account/second-step/confirm", {"code": totp.code(seed, totp.step_at(time.now))})
    assert len((await response.get_json())["recovery_codes"]) == 10
    assert (await get(signed_up, "/account/second-step"))["is_on"] is True


async def test_what_is_done_is_said(signed_up: Client) -> None:
    response = await post(signed_up, "/account/name", {"name": "Robert"})
    assert await response.get_json() == {"message": "Your name is changed.", "next": "/account#name"}
    assert (await get(signed_up, "/profile"))["name"] == "Robert"
    assert cookie(signed_up, "flash") is None
    number = (await get(signed_up, "/account/sessions"))["sessions"][0]["id"]  # type: ignore[index]  # JSON
    assert (await post(signed_up, "/account/sessions/revoke", {"session": number})).status_code == 200
    assert (await post(signed_up, "/logout")).status_code == 200


async def test_with_mail_a_sign_up_waits(make_app: MakeApp, inbox: Inbox) -> None:
    client = make_app(MAIL_URL=inbox.url).test_client()
    response = await post(client, "/signup", BOB)
    assert (response.status_code, await response.get_json()) == (200, {"next": "/signup/check-mail"})
    assert await get(client, "/signup/check-mail") == {"email": BOB["email"]}
    gone = await client.get("/confirm?nothing", headers=JSON)
    assert (gone.status_code, (await gone.get_json())["code"]) == (410, "LinkInvalid")


BODIES = {
    "not JSON": b"{",
    "a list": b"[]",
    "null": b"null",
    "a string": b'"email"',
    "a name twice": b'{"email": "a@example.com", "email": "b@example.com"}',
    "NaN": b'{"email": NaN}',
    "deep": b"[" * 30_000,
    "deep in a field": b'{"email": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
    "a number of 50,000 digits": b'{"email": ' + b"9" * 50_000 + b"}",
    "a number beyond all": b'{"email": 1e999}',
    "half a character": b'{"email": "\\ud800"}',
    "half a character in a name": b'{"\\ud800": "x"}',
    "Latin-1": '{"email": "ä"}'.encode("latin-1"),
    "UTF-16": '{"email": "a"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a number for text": b'{"email": 1, "password": "x"}',
    "true for text": b'{"email": true, "password": "x"}',
    "a list for text": b'{"email": ["a@example.com"], "password": "x"}',
    "a list for the next page": b'{"email": "a@example.com", "password": "x", "next": ["/profile"]}',
    "an object for text": b'{"email": {"$ne": null}, "password": "x"}',
    "text for a checkbox": b'{"email": "a@example.com", "password": "x", "remember": "yes"}',
    "a number nobody asked for": b'{"email": "a@example.com", "password": "x", "is_admin": 1}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_bodies_that_are_refused_with_a_sentence(client: Client, body: bytes) -> None:
    response = await client.post("/login", data=body, headers=JSON | {"Content-Type": "application/json"})
    assert (response.status_code, response.content_type) == (400, "application/problem+json")
    assert (await response.get_json())["code"] in {"JsonInvalid", "WrongType"}


async def test_a_body_that_is_too_long_is_refused(client: Client) -> None:
    response = await client.post("/login", json={"email": "a" * 70_000}, headers=JSON)
    assert (response.status_code, response.content_type) == (413, "application/problem+json")


async def test_fields_that_are_missing_or_null(client: Client) -> None:
    for fields in ({}, {"email": None, "password": None}):
        response = await post(client, "/login", fields)
        assert (response.status_code, (await response.get_json())["code"]) == (422, "FieldMissing")


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/jsonx", "text/json", "", "%"])
async def test_what_is_neither_a_form_nor_json_is_415(client: Client, kind: str) -> None:
    headers = JSON | {"Content-Type": kind, "Content-Length": str(len(json.dumps(BOB)))}
    response = await client.post("/login", data=json.dumps(BOB), headers=headers)
    assert (response.status_code, response.content_type) == (415, "application/problem+json")


async def test_a_post_without_a_body_needs_no_type(signed_up: Client) -> None:
    assert (await signed_up.post("/logout", headers=JSON)).status_code == 200


ACCEPT = [
    *[("application/json", True), ("application/json, text/html;q=0.9", True), ("application/*", True)],
    *[("text/html", False), ("*/*", False), ("", False), ("text/html, application/json", False)],
]


@pytest.mark.parametrize(("accept", "is_json"), ACCEPT)
async def test_accept_decides(client: Client, accept: str, is_json: bool) -> None:
    response = await client.get("/login", headers={"Accept": accept})
    assert (response.content_type == "application/json") is is_json


@pytest.mark.parametrize(("others", "is_json"), [(100, True), (500, False)])
async def test_a_very_long_accept_costs_no_more_than_its_beginning(client: Client, others: int, is_json: bool) -> None:
    accept = "a/b," * others + "application/json"
    response = await client.get("/login", headers={"Accept": accept})
    assert response.is_json == is_json


@pytest.mark.parametrize(("accept", "is_json"), [("*/*", True), ("text/html", False)])
async def test_who_sends_json_and_takes_anything_gets_json(client: Client, accept: str, is_json: bool) -> None:
    response = await client.post("/signup", json=BOB, headers={"Accept": accept})
    assert (response.content_type == "application/json") is is_json


async def test_another_sites_json_is_refused(signed_up: Client) -> None:
    response = await post(signed_up, "/account/name", {"name": "Eve"}, **{"Sec-Fetch-Site": "cross-site"})
    assert (response.status_code, response.content_type) == (403, "application/problem+json")
    assert (await get(signed_up, "/profile"))["name"] == "Bob"


async def test_fields_that_are_nobodys_to_set_are_passed_by(app: Quart, client: Client) -> None:
    others = {"id": "7", "roles": "admin", "email_key": "x", "verified_at": "2030-01-01", "password_version": "9"}
    await post(client, "/signup", EVE | others)
    await post(client, "/login", EVE | others)
    await post(client, "/account/name", {"name": "Eve"} | others)
    account = await get(client, "/account")
    assert (account["id"], account["roles"], account["verified_at"]) == (1, [], None)
