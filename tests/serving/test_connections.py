"""Connections have a limit of their own, below that of descriptors, and idle ones make room for new ones."""

import asyncio
import resource
from contextlib import suppress

import pytest
from hypercorn.asyncio import run, serve
from hypercorn.config import Config
from quart import Quart

from quart_auth_app.serving.hypercorn_fixes import endless_connections
from tests.servers import free_port

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection as soon as the server listens."""
    for _ in range(500):
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.01)
    pytest.fail("the server does not listen")


@pytest.mark.asvs("15.2.2")
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_the_connection_that_was_idle_for_longest_makes_room(app: Quart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "TCPServer", endless_connections.Connection)
    monkeypatch.setattr(endless_connections, "most", lambda: 3)
    config, end, port = Config(), asyncio.Event(), free_port()
    config.bind, config.errorlog = [f"127.0.0.1:{port}"], None
    serving = asyncio.create_task(serve(app, config, shutdown_trigger=end.wait))
    idle = [await connect(port) for _ in range(3)]
    await asyncio.sleep(0.1)  # all three are served by now
    reader, writer = await connect(port)
    writer.write(REQUEST)
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(idle[1][0].read(1), 0.1)
    with suppress(ConnectionResetError):  # closed at once, without a farewell
        assert await asyncio.wait_for(idle[0][0].read(1), 1) == b""
    for _, each in [*idle, (reader, writer)]:
        each.close()
    end.set()
    await serving
    assert not endless_connections._open
    assert not endless_connections._idle


@pytest.mark.parametrize(("descriptors", "most"), [(65536, 64336), (1024, 512), (2000, 1000)])
def test_there_are_fewer_connections_than_descriptors(
    descriptors: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (descriptors, descriptors))
    assert endless_connections.most() == most
