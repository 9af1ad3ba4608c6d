"""Bodies, methods and content types that no client of ours sends: refused on every route, before any work is done."""

import json

import pytest
from quart import Quart

from quart_auth_app.database.units_of_work import Database
from tests.counting import counting
from tests.people import BOB, EVE, Client, is_logged_in, send
from tests.web.test_json import BODIES
from tests.web.test_matrix import path_of

JSON = {"Accept": "application/json"}
AS_JSON = JSON | {"Content-Type": "application/json"}

BOMBS = BODIES | {
    "wide": json.dumps({f"field{number}": "x" for number in range(4_000)}).encode(),
    "wide in a field": json.dumps({"email": {f"field{number}": "x" for number in range(4_000)}}).encode(),
    "a long list": json.dumps({"email": ["x"] * 10_000}).encode(),
    "a deep list in a field nobody asked for": b'{"x": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "an exponent": b'{"email": 1e400, "password": "x"}',
    "minus infinity": b'{"email": -Infinity}',
    "a name twice, deep inside": b'{"credential": {"id": 1, "id": 2}}',
    "escapes that are none": b'{"email": "\\x41"}',
    "a comment": b'{"email": "a" /* b */}',
    "a comma too many": b'{"email": "a",}',
    "two objects": b'{"email": "a"}{"email": "b"}',
}


def posts(app: Quart) -> list[tuple[str, str]]:
    """Return endpoint and path of all routes of ours that take a form."""
    rules = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or set())]
    return [(rule.endpoint, path_of(rule.rule)) for rule in rules]


@pytest.fixture
async def logged_in(client: Client, bob: dict[str, str]) -> Client:
    """Bob's browser."""
    await client.post("/login", form=bob)
    return client


READS_NO_FIELD = {"auth.logout", "auth.sign_up"}
"""Routes that act, or lead on, whatever is sent."""


@pytest.mark.asvs("1.5.2", "2.2.1")
@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS.keys())
async def test_no_body_of_json_is_more_than_a_refusal_anywhere(app: Quart, logged_in: Client, body: bytes) -> None:
    for endpoint, path in posts(app):
        if endpoint in READS_NO_FIELD:
            continue
        response = await logged_in.post(path, data=body, headers=AS_JSON)
        assert response.status_code < 500, (endpoint, await response.get_data())
        assert response.content_type in {"application/problem+json", "application/json", "text/plain; charset=utf-8"}


@pytest.mark.asvs("1.5.2")
@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS.keys())
async def test_a_bomb_costs_a_log_in_form_no_question_to_the_database(
    client: Client, database: Database, body: bytes
) -> None:
    await client.get("/login")
    with counting(database) as costs:
        response = await client.post("/login", data=body, headers=AS_JSON)
    assert response.status_code in {400, 413, 422}
    assert (costs.statements, costs.hand_overs) == ([], [])


OTHER_METHODS = ["PUT", "PATCH", "DELETE", "TRACE"]


@pytest.mark.asvs("4.1.4")
async def test_other_methods_are_refused_on_every_route(app: Quart, logged_in: Client) -> None:
    for rule in app.url_map.iter_rules():
        for method in {*OTHER_METHODS, "GET", "POST"} - (rule.methods or set()):
            response = await send(logged_in, method, path_of(rule.rule), headers=JSON)
            others = [
                each for each in app.url_map.iter_rules() if each.rule == rule.rule and method in (each.methods or ())
            ]
            assert others or response.status_code == 405, (method, rule)
    assert await is_logged_in(logged_in)


@pytest.mark.asvs("4.1.4")
@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_no_header_and_no_field_makes_another_method_of_it(logged_in: Client, name: str, method: str) -> None:
    for path in ("/account/name", "/account/delete", "/account/access-keys/1/revoke"):
        asked = {"query_string": {"_method": "POST", "name": "Eve"}, "headers": JSON | {name: "POST"}}
        assert (await send(logged_in, method, path, **asked)).status_code == 405
    response = await logged_in.post(
        "/account/name", json={"name": "Bob", "_method": "DELETE"}, headers=JSON | {name: "DELETE"}
    )
    assert response.status_code == 200


FORM = "application/x-www-form-urlencoded"
MULTIPART = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nEve\r\n--x--\r\n'

CONFUSED = {
    "JSON that says it is a form": (FORM, b'{"name": "Eve"}'),
    "a form that says it is JSON": ("application/json", b"name=Eve"),
    "multipart that says it is JSON": ("application/json", MULTIPART),
    "multipart that says it is a form": (FORM, MULTIPART),
    "JSON that says it is multipart": ("multipart/form-data; boundary=x", b'{"name": "Eve"}'),
    "two types": ("application/json, text/plain", b'{"name": "Eve"}'),
    "a type with a tail": ("application/json-patch+json", b'[{"op": "replace", "path": "/name", "value": "Eve"}]'),
    "text": ("text/plain", b'{"name": "Eve"}'),
    "JSON of another charset": ("application/json; charset=utf-16", '{"name": "Eve"}'.encode("utf-16")),
    "msgpack": ("application/msgpack", b"\x81\xa4name\xa3Eve"),
    "XML": ("application/xml", b"<name>Eve</name>"),
}


@pytest.mark.asvs("2.2.1")
@pytest.mark.parametrize("kind", CONFUSED)
async def test_a_body_counts_only_as_what_it_says_it_is(logged_in: Client, kind: str) -> None:
    content_type, body = CONFUSED[kind]
    response = await logged_in.post("/account/name", data=body, headers=JSON | {"Content-Type": content_type})
    assert response.status_code in {400, 415, 422}, await response.get_data()
    assert (await (await logged_in.get("/profile", headers=JSON)).get_json())["name"] == BOB["name"]


async def test_a_field_in_the_address_is_no_field(client: Client, bob: dict[str, str]) -> None:
    response = await client.post("/login", query_string=bob, json={}, headers=JSON)
    assert (await response.get_json())["code"] == "FieldMissing"


@pytest.mark.asvs("8.3.1")
async def test_beside_a_key_the_cookie_of_another_opens_nothing(app: Quart, logged_in: Client) -> None:
    """On every route: what Bob's key does not open, Eve's fresh session beside it does not either."""
    from tests.web.test_access_keys import bearer, make_key

    key = await make_key(logged_in)
    eve = app.test_client()
    await eve.post("/signup", form=EVE)
    await eve.post("/login", form=EVE)
    script = app.test_client()
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            path = path_of(rule.rule)
            alone = await send(script, method, path, headers=JSON | bearer(key))
            beside = await send(eve, method, path, headers=JSON | bearer(key))
            assert beside.status_code == alone.status_code, (method, rule)
            assert EVE["email"] not in await beside.get_data(as_text=True)
            assert "Set-Cookie" not in beside.headers, (method, rule)
    assert (await (await eve.get("/account", headers=JSON)).get_json())["email"] == EVE["email"]
