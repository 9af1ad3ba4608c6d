"""Requests that another site makes a browser send are refused."""

import pytest
from quart import Quart

from quart_auth_app.web.edge import same_origin
from tests.conftest import MakeApp
from tests.people import BOB, Client, Events, is_logged_in, send, text

PUBLIC = "https://site.example"

# Sec-Fetch-Site and Origin as sent, and whether the request is from here.
MATRIX = [
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": ""}, False),
    ({"Sec-Fetch-Site": "unheard-of"}, False),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, True),
    ({"Sec-Fetch-Site": "cross-site", "Origin": PUBLIC}, False),
    ({"Origin": PUBLIC}, True),
    ({"Origin": "http://site.example"}, False),
    ({"Origin": "https://site.example:8443"}, False),
    ({"Origin": "https://site.example.evil.example"}, False),
    ({"Origin": "https://evil.example"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": ""}, False),
    ({}, True),
]


@pytest.mark.asvs("3.5.1", "3.7.5")
@pytest.mark.parametrize(("headers", "from_here"), MATRIX, ids=str)
async def test_every_route_refuses_what_is_not_from_here(
    make_app: MakeApp, headers: dict[str, str], from_here: bool
) -> None:
    app = make_app(PUBLIC_URL=PUBLIC)
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"} | {"PUT", "PATCH", "DELETE"}:
            response = await send(app.test_client(), method, rule.rule, headers=headers)
            assert (response.status_code != 403) == from_here, (rule, method)


@pytest.mark.asvs("3.5.1")
@pytest.mark.parametrize(("origin", "from_here"), [("http://localhost", True), ("http://evil.example", False)])
async def test_without_a_public_url_the_requests_own_host_counts(client: Client, origin: str, from_here: bool) -> None:
    response = await client.post("/login", headers={"Origin": origin})
    assert (response.status_code != 403) == from_here


async def test_a_default_port_in_the_public_url_makes_no_difference(make_app: MakeApp) -> None:
    client = make_app(PUBLIC_URL="https://site.example:443").test_client()
    assert (await client.post("/login", headers={"Origin": PUBLIC})).status_code == 302


@pytest.mark.asvs("3.5.1", "16.3.3")
async def test_a_refusal_changes_nothing_is_logged_and_says_why(client: Client, events: Events) -> None:
    response = await client.post("/signup", form=BOB, headers={"Sec-Fetch-Site": "cross-site"})
    assert "This request came from another site" in await text(response)
    assert events.names == ["cross_site_refused"]
    await client.post("/login", form=BOB)
    assert not await is_logged_in(client)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_reading_is_free_for_all(app: Quart, method: str) -> None:
    for path in ("/", "/login", "/signup"):
        response = await send(app.test_client(), method, path, headers={"Sec-Fetch-Site": "cross-site"})
        assert response.status_code == 200


@pytest.mark.asvs("3.5.3")
@pytest.mark.parametrize(
    ("headers", "acts"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Purpose": "prefetch"}, False),
        ({"Purpose": "prefetch"}, False),
        ({"X-Moz": "prefetch"}, False),
        ({"X-Purpose": "preview"}, False),
        ({"Referer": "http://localhost/profile"}, True),
        ({"Referer": "https://evil.example/"}, False),
        ({"Referer": ""}, False),
        ({"Sec-Fetch-Site": "same-origin", "Sec-Purpose": "prefetch;prerender"}, False),
    ],
    ids=str,
)
async def test_a_link_to_logout_acts_only_when_the_person_asked(
    client: Client, bob: dict[str, str], headers: dict[str, str], acts: bool
) -> None:
    await client.post("/login", form=bob)
    response = await client.get("/logout", headers=headers)
    assert response.status_code == (302 if acts else 200)
    assert await is_logged_in(client) != acts
    if not acts:
        assert "Log out? Another site sent you here, so we ask first. Logout" in await text(response)


@pytest.mark.asvs("3.5.3")
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_safe_methods_change_nothing_anywhere(
    app: Quart, client: Client, bob: dict[str, str], method: str
) -> None:
    await client.post("/login", form=bob)
    for rule in app.url_map.iter_rules():
        if (rule.endpoint, method) != ("auth.logout", "GET"):
            await send(client, method, rule.rule)
            assert await is_logged_in(client), rule


@pytest.mark.asvs("4.1.4", "13.4.4")
@pytest.mark.parametrize("method", ["TRACE", "PUT", "PATCH", "DELETE"])
async def test_methods_that_nothing_needs_are_not_allowed(client: Client, method: str) -> None:
    assert (await send(client, method, "/")).status_code == 405


@pytest.mark.asvs("4.1.4")
async def test_a_method_in_a_header_or_a_field_overrides_nothing(client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob)
    await client.get("/login?_method=POST", headers={"X-HTTP-Method-Override": "POST"})
    await client.post("/login", form={"_method": "DELETE"}, headers={"X-HTTP-Method-Override": "DELETE"})
    assert await is_logged_in(client)


@pytest.mark.asvs("3.5.3")
@pytest.mark.parametrize("public_url", ["http://site.example", None])
@pytest.mark.parametrize(
    ("headers", "acts"),
    [
        ({}, False),
        ({"Referer": "http://site.example/profile"}, True),
        ({"Referer": "http://evil.example/"}, False),
        ({"Referer": "http://site.example.evil.example/"}, False),
        ({"Referer": "http://site.example/", "Purpose": "prefetch"}, False),
    ],
    ids=str,
)
async def test_on_plain_http_only_a_link_of_our_own_logs_out_at_once(
    make_app: MakeApp, public_url: str | None, headers: dict[str, str], acts: bool
) -> None:
    """Browsers send no Sec-Fetch-Site there, so that a link on another site looks like the address bar."""
    client = make_app(PUBLIC_URL=public_url).test_client()
    await client.post("/signup", form=BOB)
    await client.post("/login", form=BOB)
    await client.get("/logout", headers={"Host": "site.example"} | headers)
    assert await is_logged_in(client) != acts


async def test_a_refusal_says_what_came_and_what_was_expected(make_app: MakeApp, events: Events) -> None:
    client = make_app(PUBLIC_URL="https://site.example:8443").test_client()
    await client.post("/login", headers={"Origin": PUBLIC + "/\x1b[2J" + "x" * 5000})
    (event,) = events.all
    assert event["origin"].startswith(PUBLIC + "/\x1b[2J")
    assert len(event["origin"]) == same_origin.MAX_LOGGED
    assert (event["sec_fetch_site"], event["expected_origin"]) == ("", "https://site.example:8443")
    assert all(line.isprintable() for line in events.lines)
