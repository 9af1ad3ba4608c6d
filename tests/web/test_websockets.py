"""A WebSocket of a site's own is protected as its pages are."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from quart import Quart, session, websocket
from quart.testing import connections
from quart.testing.connections import WebsocketResponseError
from quart_auth import login_required

from quart_auth_app.web.identity import open_sockets
from quart_auth_app.web.identity.current_user import current_user
from quart_auth_app.web.identity.sudo import sudo_required
from tests.people import Client, Clock, Events

# Quart 0.23's test client no longer tells that the server closed a socket.
Disconnected: Any = getattr(connections, "WebsocketDisconnectError", None)

Greet = Callable[[], Awaitable[None]]


@pytest.fixture(autouse=True)
def socket(app: Quart) -> None:
    """A protected WebSocket that greets by name and then waits."""

    @app.websocket("/ws")
    @login_required
    async def ws() -> None:
        await websocket.send(f"Hello, {current_user.name}. {session['typed']['email']}")
        while True:
            await websocket.send(await websocket.receive())

    @app.websocket("/open")
    async def for_all() -> None:
        await websocket.send("Hello.")


async def status(client: Client, path: str, headers: dict[str, str] | None = None) -> int:
    """Return what the opening of a WebSocket is refused with."""
    with pytest.raises(WebsocketResponseError) as refused:
        async with client.websocket(path, headers=headers or {}) as opened:
            await opened.receive()
    return refused.value.response.status_code


@pytest.mark.asvs("8.3.1")
async def test_a_stranger_gets_401_and_nothing_breaks(
    client: Client, events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    assert await status(client, "/ws") == 401
    assert events.names == ["log_in_required"]
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.asvs("4.4.2")
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
@pytest.mark.parametrize("path", ["/ws", "/open"])
async def test_another_site_gets_403(
    client: Client, bob: dict[str, str], events: Events, headers: dict[str, str], path: str
) -> None:
    await client.post("/login", form=bob)
    assert await status(client, path, headers) == 403
    assert events.all[-1]["event"] == "cross_site_refused"
    assert events.all[-1]["expected_origin"] == "http://localhost"


async def test_a_socket_for_those_who_have_just_given_their_password_is_403_afterwards(
    app: Quart, client: Client, bob: dict[str, str], clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    @app.websocket("/serious")
    @sudo_required("See it live")  # type: ignore[arg-type]  # typed for routes, whose handlers return something
    async def serious() -> None:
        await websocket.send("Hello.")

    assert await status(client, "/serious") == 401
    await client.post("/login", form=bob)
    async with client.websocket("/serious") as opened:
        assert await opened.receive() == "Hello."
    clock.advance(timedelta(minutes=11))
    assert await status(client, "/serious") == 403
    assert not [record for record in caplog.records if record.exc_info]


async def test_no_such_socket_is_404(client: Client) -> None:
    assert await status(client, "/nowhere") == 404


async def test_the_address_of_a_form_is_no_socket(client: Client) -> None:
    assert await status(client, "/account/delete") == 405


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://localhost"}])
async def test_who_is_logged_in_is_greeted_by_name(
    client: Client, bob: dict[str, str], headers: dict[str, str]
) -> None:
    await client.post("/login", form=bob)
    async with client.websocket("/ws", headers=headers) as opened:
        assert await opened.receive() == "Hello, Bob. bob@example.com"
        await opened.send("x")
        assert await opened.receive() == "x"


@pytest.mark.asvs("7.4.1")
async def test_logging_out_ends_an_open_socket_too(
    client: Client, bob: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_sockets, "WATCH_EVERY", 0.05)
    await client.post("/login", form=bob)
    async with client.websocket("/ws") as opened:
        assert await opened.receive() == "Hello, Bob. bob@example.com"
        await asyncio.sleep(0.2)
        await opened.send("still here")
        assert await opened.receive() == "still here"
        await client.post("/logout")
        if Disconnected:
            with pytest.raises(Disconnected) as closed:
                await asyncio.wait_for(opened.receive(), 5)
            assert closed.value.args == (1008,)
