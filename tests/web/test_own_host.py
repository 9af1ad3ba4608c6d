"""Where PUBLIC_URL is set, requests that name another host are refused: no page is made for a name that isn't ours."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from quart import Quart, redirect, request, url_for, websocket
from quart.testing.connections import WebsocketResponseError
from quart.typing import ResponseReturnValue

from quart_auth_app import Accounts
from tests.conftest import MakeApp
from tests.databases import SECRET_KEY, NewDatabase
from tests.people import BOB, Client, Events, is_logged_in, text

OURS = ["site.example", "SITE.example:443", "site.example:8443", "localhost:8000", "127.0.0.1", "[::1]:8000"]
OTHERS = [
    "evil.example",
    "site.example.evil.example",
    "evil-site.example",
    "10.0.0.7:8000",
    "x@site.example",
    "",
    "a b",
    "site.example/x",
    "site.example?x",
    "site.example#x",
    "site.example\\x",
]

ADDRESSES = {
    "http://site.example/login": 200,
    "HTTPS://Site.example:8443/login": 200,
    "http://evil.example/login": 400,
    "https://evil.example/static/style.css": 400,
    "ftp://evil.example/login": 400,
    "http://site.example@evil.example/login": 400,
    "http:///login": 400,
    "http:evil.example/login": 400,
    "*": 404,
}
"""Requests for whole addresses, as they are sent to a proxy, and for the server itself, with our own name in Host."""


@pytest.fixture
def site(make_app: MakeApp) -> Client:
    """A browser at a site that says where it is."""
    return make_app(PUBLIC_URL="https://site.example").test_client()


@pytest.mark.parametrize("host", OURS)
async def test_our_own_name_at_any_port_and_the_machine_itself_are_served(site: Client, host: str) -> None:
    assert (await site.get("/login", headers={"Host": host})).status_code == 200


@pytest.mark.asvs("16.3.3")
@pytest.mark.parametrize("host", OTHERS)
@pytest.mark.parametrize("path", ["/", "/login", "/static/style.css", "/nowhere"])
async def test_another_host_gets_nothing_and_is_logged(site: Client, events: Events, host: str, path: str) -> None:
    response = await site.get(path, headers={"Host": host})
    assert response.status_code == 400
    assert "This site is at another address." in await text(response)
    assert events.names == ["host_refused"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("address", "status"), ADDRESSES.items())
async def test_the_host_of_a_whole_address_counts_beside_the_header(site: Client, address: str, status: int) -> None:
    assert (await site.get(address, headers={"Host": "site.example"})).status_code == status


async def test_another_host_logs_nobody_in(site: Client) -> None:
    await site.post("/signup", form=BOB)
    assert (await site.post("/login", form=BOB, headers={"Host": "evil.example"})).status_code == 400
    assert not await is_logged_in(site)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_is_told_to_who_asks_by_number(site: Client, path: str) -> None:
    assert (await site.get(path, headers={"Host": "10.0.0.7:8000"})).status_code in {200, 503}


@pytest.mark.parametrize("host", OTHERS[:4])
async def test_without_a_public_url_any_name_will_do(client: Client, host: str) -> None:
    assert (await client.get("/login", headers={"Host": host})).status_code == 200


async def first_answer(app: Quart, kind: str, *, path: str, host: str) -> Any:
    """Return the status of a request's answer, or the type of the first event that answers a WebSocket."""
    sent: list[Any] = []

    events = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        return next(events, {"type": f"{kind}.disconnect"})

    async def send(event: Any) -> None:
        sent.append(event)

    about = {"path": path, "query_string": b"", "headers": [(b"host", host.encode())], "http_version": "1.1"}
    scope: Any = {"type": kind, "method": "GET", "scheme": "http", "client": ("192.0.2.1", 1), **about}
    await app.asgi_app(scope, receive, send)
    return sent[0].get("status", sent[0]["type"])


@pytest.mark.parametrize("host", ["a..b", "a" * 64, ".."])
async def test_a_header_that_is_no_name_is_a_bad_request_and_no_fault_of_ours(
    app: Quart, client: Client, caplog: pytest.LogCaptureFixture, host: str
) -> None:
    for path in ("/login", "/nowhere", "/healthz"):
        response = await client.get(path, headers={"Host": host})
        assert (response.status_code, response.headers["X-Content-Type-Options"]) == (400, "nosniff")
    assert await first_answer(app, "websocket", path="/socket", host=host) == "websocket.close"
    assert not [each for each in caplog.records if each.exc_info]


@pytest.mark.parametrize("target", ["", "http://[/login", "http://[::1/login", "http://[]/", "http://[a]/", "x://[/"])
@pytest.mark.parametrize(("kind", "answer"), [("http", 400), ("websocket", "websocket.close")])
async def test_a_target_that_is_no_address_is_a_bad_request_and_no_fault_of_ours(
    app: Quart, caplog: pytest.LogCaptureFixture, kind: str, answer: int | str, target: str
) -> None:
    assert await first_answer(app, kind, path=target, host="localhost") == answer
    assert not [each for each in caplog.records if each.exc_info]


@pytest.mark.parametrize(
    ("url", "host"), [("https://münchen.example", "xn--mnchen-3ya.example"), ("http://[::2]", "[0::2]")]
)
async def test_names_are_compared_as_browsers_write_them(make_app: MakeApp, url: str, host: str) -> None:
    assert (await make_app(PUBLIC_URL=url).test_client().get("/", headers={"Host": host})).status_code == 200


async def test_a_websocket_of_another_host_is_refused(make_app: MakeApp) -> None:
    app: Quart = make_app(PUBLIC_URL="https://site.example")

    @app.websocket("/socket")
    async def socket() -> None:
        await websocket.send("hello")

    with pytest.raises(WebsocketResponseError) as refused:
        async with app.test_client().websocket("/socket", headers={"Host": "evil.example"}) as open_socket:
            await open_socket.receive()
    assert refused.value.response.status_code == 400
    assert refused.value.response.headers["X-Content-Type-Options"] == "nosniff"


LOCATIONS = ["/external", "/by-hand", "/slash", "/static//style.css"]


def add_routes(app: Quart) -> None:
    """Add routes of a site that lead on to one of its pages."""

    @app.get("/external")
    async def external() -> ResponseReturnValue:
        return redirect(url_for("external", _external=True))

    @app.get("/by-hand")
    async def by_hand() -> ResponseReturnValue:
        return redirect(f"{request.host_url}by-hand?a=b#c")

    @app.get("/slash/")
    async def slash() -> str:
        return ""

    @app.get("/elsewhere/<host>")
    async def elsewhere(host: str) -> ResponseReturnValue:
        return redirect(f"https://{host}/x")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "site.example:8443", "site.example"])
@pytest.mark.parametrize("path", LOCATIONS)
async def test_no_location_names_another_host(make_app: MakeApp, path: str, host: str) -> None:
    app = make_app(PUBLIC_URL="https://site.example")
    add_routes(app)
    response = await app.test_client().get(path, headers={"Host": host})
    named = urlsplit(response.headers["Location"])
    assert (named.scheme, named.netloc) in {("https", "site.example"), ("", "")}


@pytest.mark.parametrize("host", ["other.example:444", "wiki.example"])
async def test_a_sites_redirect_to_another_site_stays(make_app: MakeApp, host: str) -> None:
    app = make_app(PUBLIC_URL="https://site.example")
    add_routes(app)
    response = await app.test_client().get(f"/elsewhere/{host}")
    assert response.headers["Location"] == f"https://{host}/x"


@pytest.fixture
def host(new_database: NewDatabase) -> Quart:
    """Return an application that accounts have joined."""
    app = Quart("host")
    app.config.update(PUBLIC_URL="https://site.example", SECRET_KEY=SECRET_KEY, DATABASE_URL=new_database())
    add_routes(app)
    Accounts(app)
    return app


async def test_in_another_application_our_routes_are_refused_under_another_host_and_its_own_are_not(
    host: Quart,
) -> None:
    client = host.test_client()
    evil = {"Host": "evil.example"}
    assert (await client.get("/login", headers=evil)).status_code == 400
    assert (await client.get("/login", headers={"Host": "site.example"})).status_code == 200
    assert (await client.get("/external", headers=evil)).headers["Location"] == "http://evil.example/external"


async def test_in_another_application_the_router_names_no_host(host: Quart) -> None:
    response = await host.test_client().get("/slash", headers={"Host": "evil.example"})
    assert response.headers["Location"] == "/slash/"
