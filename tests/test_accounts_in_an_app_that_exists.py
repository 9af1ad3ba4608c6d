"""`Accounts(app)`: accounts join an application that exists, and change nothing of it that they don't have to.

The two hosts are written as Quart's documentation writes applications: one flat, one with a factory and blueprints.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from quart import (
    Blueprint,
    Quart,
    Response,
    flash,
    get_flashed_messages,
    render_template_string,
    request,
    session,
    websocket,
)
from quart.testing import connections
from quart.testing.connections import WebsocketResponseError
from quart.typing import ResponseReturnValue
from quart_auth import login_required
from quart_schema import QuartSchema, validate_request

from quart_auth_app import Accounts, current_user
from quart_auth_app.testing import Browser, LogInAs, log_in_as, user_maker
from quart_auth_app.web.identity import open_sockets
from tests.conftest import services_of
from tests.databases import SECRET_KEY, NewDatabase
from tests.people import BOB, elsewhere, text

# Quart 0.23's test client no longer tells that the server closed a socket.
Disconnected: Any = getattr(connections, "WebsocketDisconnectError", None)

__all__ = ["log_in_as"]

BASE = """<html>{% block content %}{% endblock %}</html>"""


def flat(root: Path, join: Callable[[Quart], None], *, first: bool) -> Quart:
    """A flat application with all in one module."""
    app = Quart("flat_host", root_path=str(root))
    app.config.from_mapping(SECRET_KEY=SECRET_KEY, MAX_CONTENT_LENGTH=200_000, SESSION_COOKIE_NAME="host-session")
    if first:
        join(app)
    app.add_template_filter(str.upper, "loud")  # makes Jinja's environment at once, also before the accounts join

    @app.get("/")
    async def home() -> str:
        session["visits"] = session.get("visits", 0) + 1
        return f"The host, visit {session['visits']}."

    @app.get("/private")
    @login_required
    async def private() -> str:
        return await render_template_string("Hello, {{ current_user.name | loud }}.")

    @app.post("/webhook")
    async def webhook() -> ResponseReturnValue:
        return {"fields": len(await request.form)}

    @app.get("/say")
    async def say() -> str:
        await flash("The host's own word.")
        return ""

    @app.get("/heard")
    async def heard() -> ResponseReturnValue:
        return list(get_flashed_messages())

    @app.errorhandler(404)
    async def not_found(_error: Exception) -> ResponseReturnValue:
        return "The host has no such page.", 404

    @app.after_request
    async def policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = "default-src https:"
        return response

    if not first:
        join(app)
    return app


@dataclass
class Post:
    """What the second host takes."""

    title: str


def with_blueprints(root: Path, join: Callable[[Quart], None], *, first: bool) -> Quart:
    """An application made by a factory, of blueprints, with quart-schema, a WebSocket and no static folder."""
    app = Quart("host_with_blueprints", root_path=str(root), static_folder=None)
    app.config["SECRET_KEY"] = SECRET_KEY
    QuartSchema(app)
    blog = Blueprint("blog", __name__, url_prefix="/blog")

    @blog.get("/")
    async def posts() -> str:
        return "Posts."

    @blog.get("/private")
    @login_required
    async def private() -> str:
        return f"Hello, {current_user.name}."

    @blog.post("/webhook")
    async def webhook() -> ResponseReturnValue:
        return {"fields": len(await request.form)}

    @blog.post("/posts")
    @validate_request(Post)
    async def add_post(data: Post) -> ResponseReturnValue:
        return {"title": data.title}

    @blog.websocket("/live")
    @login_required
    async def live() -> None:
        await websocket.send(f"Hello, {current_user.name}.")
        await websocket.receive()

    if first:
        join(app)
    app.register_blueprint(blog)
    if not first:
        join(app)
    return app


Host = Callable[..., Quart]
HOSTS: dict[Host, str] = {flat: "", with_blueprints: "/blog"}


@pytest.fixture(params=HOSTS, ids=lambda host: host.__name__)
def host(request: pytest.FixtureRequest) -> Host:
    """One of the two hosts."""
    made: Host = request.param
    return made


@pytest.fixture(params=[True, False], ids=["accounts first", "accounts last"])
async def app(
    request: pytest.FixtureRequest, host: Host, new_database: NewDatabase, tmp_path: Path
) -> AsyncIterator[Quart]:
    """A host with accounts."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "static").mkdir()
    (tmp_path / "templates" / "base.html").write_text(BASE)
    (tmp_path / "static" / "host.css").write_text("p { color: red }")
    url = new_database()

    def join(app: Quart) -> None:
        app.config["DATABASE_URL"] = url
        Accounts(app)

    made = host(tmp_path, join, first=request.param)
    yield made
    await services_of(made).database.close()


PASSING = {"date", "expires", "set-cookie", "last-modified"}
"""Headers that tell the time, or hold what is signed with it."""

REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/", {}),
    ("GET", "/nowhere", {}),
    ("PUT", "/", {}),
    ("GET", "/static/host.css", {}),
    ("GET", "/static/none.css", {}),
    ("POST", "/webhook", {"form": {"a": "b"}, "headers": {"Origin": "https://payments.example"}}),
    ("POST", "/webhook", {"form": {"a": "x" * 100_000}}),
    ("POST", "/webhook", {"form": {"a": "x" * 300_000}}),
    ("POST", "/webhook", {"form": {str(number): "x" for number in range(60)}}),
    ("POST", "/webhook", {"data": b"a=%FF", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}),
    ("GET", "/say", {}),
    ("GET", "/healthz", {}),
]


async def answers(app: Quart, prefix: str) -> list[object]:
    """Return what the host answers to a stranger, headers and all but the time."""
    client = app.test_client()
    found: list[object] = []
    for method, path, arguments in REQUESTS:
        at = path if path.startswith("/static") else prefix + path
        response = await client.open(at, method=method, **arguments)
        headers = [(name, value) for name, value in response.headers if name.lower() not in PASSING]
        cookies = [value.partition("=")[0] for value in response.headers.getlist("Set-Cookie")]
        found.append((method, at, response.status_code, headers, cookies, await response.get_data()))
    return found


async def test_the_hosts_answers_to_strangers_stay_as_they_were(app: Quart, host: Host, tmp_path: Path) -> None:
    alone = host(tmp_path, lambda _app: None, first=False)
    assert await answers(app, HOSTS[host]) == await answers(alone, HOSTS[host])


async def test_a_private_page_of_the_host_asks_to_log_in_and_then_opens(app: Quart, host: Host) -> None:
    client, private = Browser(app), f"{HOSTS[host]}/private"
    await client.post("/signup", form=BOB)
    response = await client.get(private)
    assert response.headers["Location"] == f"/login?next={private}"
    response = await client.post("/login", form=BOB | {"next": private}, follow_redirects=True)
    assert await text(response) == ("Hello, BOB." if host is flat else "Hello, Bob.")
    await client.post("/logout")
    assert (await client.get(private)).status_code == 302


async def test_our_pages_wear_the_hosts_base_html_and_have_our_headers(app: Quart, host: Host) -> None:
    response = await Browser(app).get("/login")
    source = await response.get_data(as_text=True)
    assert source.startswith("<html>")
    assert 'name="password"' in source
    assert response.headers["X-Frame-Options"] == "DENY"
    assert ("default-src https:" in response.headers["Content-Security-Policy"]) == (host is flat)
    assert (await Browser(app).get("/static/style.css")).status_code == 200


async def test_our_forms_keep_our_limits_and_refuse_other_sites(app: Quart) -> None:
    client = Browser(app)
    assert (await client.post("/login", form=BOB | {"email": "x" * 70_000})).status_code == 413
    assert (await client.post("/login", form=BOB, headers={"Origin": "https://evil.example"})).status_code == 403


@pytest.mark.parametrize("first", [True, False], ids=["accounts first", "accounts last"])
async def test_a_hook_of_the_host_that_reads_forms_leaves_us_json_and_our_limits(
    new_database: NewDatabase, *, first: bool
) -> None:
    app = Quart("host_that_reads_forms")
    app.config.from_mapping(SECRET_KEY=SECRET_KEY, DATABASE_URL=new_database())
    if first:
        Accounts(app)

    @app.before_request
    async def look_for_a_token() -> None:
        (await request.form).get("csrf_token")

    if not first:
        Accounts(app)
    async with app.test_app():
        client = Browser(app)
        assert (await client.post("/signup", json=BOB)).status_code == 201
        assert (await client.post("/login", json=BOB)).status_code == 200
        assert (await client.post("/login", form=BOB | {"email": "x" * 70_000})).status_code == 413
        assert (await client.post("/login", form=BOB | {str(number): "" for number in range(60)})).status_code == 400
        response = await client.post("/login", json=BOB | {"email": 1})
        assert (response.status_code, (await response.get_json())["code"]) == (400, "WrongType")


async def test_what_comes_with_the_log_in_cookie_from_another_site_is_refused(
    app: Quart, host: Host, log_in_as: LogInAs
) -> None:
    client = Browser(app)
    await log_in_as(client, await user_maker(app)())
    path, evil = f"{HOSTS[host]}/webhook", {"Origin": "https://evil.example"}
    assert (await client.post(path, form={}, headers=evil)).status_code == 403
    assert (await client.post(path, form={})).status_code == 200


async def test_guessing_is_limited_by_who_asks(app: Quart) -> None:
    client, there = Browser(app), elsewhere()
    for _ in range(20):
        response = await client.post("/login", form=BOB, **there)
    assert response.status_code == 429


@pytest.mark.parametrize("host", [flat], indirect=True)
async def test_the_hosts_session_and_its_messages_are_left_alone(app: Quart, host: Host) -> None:
    client = Browser(app)
    await client.get("/")
    await client.get("/say")
    for _ in range(3):
        await client.get("/private")
    assert await text(await client.get("/")) == "The host, visit 2."
    assert await (await client.get("/heard")).get_json() == [
        "The host's own word.",
        "Please log in to access this page.",
    ]


@pytest.mark.parametrize("host", [with_blueprints], indirect=True)
async def test_a_websocket_of_the_host_is_protected_and_ends_with_the_session(
    app: Quart, host: Host, log_in_as: LogInAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_sockets, "WATCH_EVERY", 0.05)
    client = Browser(app)
    for headers, status in [({}, 401), ({"Origin": "https://evil.example"}, 401)]:
        with pytest.raises(WebsocketResponseError) as refused:
            async with client.websocket("/blog/live", headers=headers) as socket:
                await socket.receive()
        assert refused.value.response.status_code == status
    await log_in_as(client, await user_maker(app)())
    with pytest.raises(WebsocketResponseError) as refused:
        async with client.websocket("/blog/live", headers={"Origin": "https://evil.example"}) as socket:
            await socket.receive()
    assert refused.value.response.status_code == 403
    async with client.websocket("/blog/live") as socket:
        assert await socket.receive() == "Hello, Bob."
        await client.post("/logout")
        if Disconnected:
            with pytest.raises(Disconnected):
                await asyncio.wait_for(socket.receive(), 5)


async def test_a_prefix_moves_our_pages_and_nothing_else(new_database: NewDatabase) -> None:
    app = Quart("prefixed_host")
    app.config.from_mapping(SECRET_KEY=SECRET_KEY, DATABASE_URL=new_database())
    accounts = Accounts(url_prefix="/accounts")
    accounts.init_app(app)
    async with app.test_app():
        client = Browser(app)
        assert (await client.get("/login")).status_code == 404
        assert (await client.get("/")).status_code == 404
        response = await client.post("/accounts/signup", form=BOB)
        assert response.headers["Location"] == "/accounts/login"
        response = await client.post("/accounts/login", form=BOB)
        assert response.headers["Location"] == "/accounts/profile"
        assert "Welcome, Bob!" in await text(await client.get("/accounts/profile"))


async def test_password_managers_find_us_at_the_root_whatever_the_prefix(new_database: NewDatabase) -> None:
    app = Quart("prefixed_host")
    app.config.from_mapping(SECRET_KEY=SECRET_KEY, DATABASE_URL=new_database(), PUBLIC_URL="https://shop.example")
    Accounts(app, url_prefix="/accounts")

    @app.get("/.well-known/security.txt")
    async def own() -> str:
        return "Contact: mailto:security@shop.example"

    async with app.test_app():
        client = app.test_client()
        there = (await client.get("/.well-known/change-password")).headers["Location"]
        assert there == "/accounts/account#password"
        passkeys = await (await client.get("/.well-known/passkey-endpoints")).get_json()
        assert passkeys["enroll"] == "https://shop.example/accounts/account/passkeys"
        assert "Contact" in await text(await client.get("/.well-known/security.txt"))


@pytest.mark.parametrize("before", [True, False])
async def test_a_well_known_address_of_the_hosts_own_stays_its_own(new_database: NewDatabase, before: bool) -> None:
    app = Quart("prefixed_host")
    app.config.from_mapping(SECRET_KEY=SECRET_KEY, DATABASE_URL=new_database())

    async def own() -> str:
        return "the host's own"

    def add() -> None:
        app.add_url_rule("/.well-known/change-password", view_func=own)

    if before:
        add()
    Accounts(app, url_prefix="/accounts")
    if not before:
        add()
    async with app.test_app():
        assert await text(await app.test_client().get("/.well-known/change-password")) == "the host's own"


@pytest.mark.parametrize("host", [with_blueprints])
async def test_quart_schema_checks_and_describes_the_hosts_routes_beside_ours(app: Quart) -> None:
    client = Browser(app)
    answer = await client.post("/blog/posts", json={"title": "Soup"})
    assert await answer.get_json() == {"title": "Soup"}
    assert (await client.post("/blog/posts", json={"title": 1})).status_code == 400
    described = await (await client.get("/openapi.json")).get_json()
    assert "title" in str(described["paths"]["/blog/posts"]["post"])
    assert "Login" in await text(await client.get("/login"))
