"""How long a connection may take for what: by a server with limits of a fraction of a second."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypercorn.asyncio import run
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.utils import wrap_app
from quart import Quart

from quart_auth_app.serving.hypercorn_fixes import endless_connections
from quart_auth_app.serving.hypercorn_fixes.endless_connections import Connection

LIMIT = 0.4
"""Seconds of every limit, unless the test says otherwise."""
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n"
BIG = b"x" * 8_000_000
"""More than the kernel takes off a server's hands."""

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def hello(scope: Any, receive: Any, send: Any, *, seconds: float = 0.0, body: bytes = b"hello") -> None:
    """Answer when all of the request is there, and `seconds` later."""
    if scope["type"] == "http":
        while (await receive()).get("more_body", False):
            pass
        await asyncio.sleep(seconds)
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


@dataclass
class Serving:
    """A server, and those of its connections that it is not done with."""

    context: WorkerContext
    connections: set["asyncio.Task[None]"] = field(default_factory=set)
    clients: list[Client] = field(default_factory=list)
    port: int = 0

    async def connect(self) -> Client:
        """Open a connection."""
        client = await asyncio.open_connection("127.0.0.1", self.port, limit=16)
        self.clients.append(client)
        await asyncio.sleep(0.01)  # in which the server takes it
        return client

    async def is_done(self) -> None:
        """Wait until it is done with all connections. Raises TimeoutError."""
        async with asyncio.timeout(5):
            await asyncio.gather(*self.connections)


@asynccontextmanager
async def serving(
    app: Any = hello, kind: type[TCPServer] = Connection, **limits: float | None
) -> AsyncIterator[Serving]:
    """Serve as hypercorn does, on a free port; `kind` is its own or ours."""
    config = Config.from_mapping({"keep_alive_timeout": LIMIT, "read_timeout": LIMIT, "errorlog": None} | limits)
    served = Serving(WorkerContext(None))
    wrapped = wrap_app(app, config.wsgi_max_body_size, "asgi")

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        served.connections.add(task)
        task.add_done_callback(served.connections.discard)
        await kind(wrapped, asyncio.get_running_loop(), config, served.context, {}, reader, writer)

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        for _, writer in served.clients:
            writer.transport.abort()
        for connection in served.connections:
            connection.cancel()
        await asyncio.gather(*served.connections, return_exceptions=True)


async def answer_on(client: Client, request: bytes = GET) -> bytes:
    """Send a request and return the body of its answer."""
    reader, writer = client
    writer.write(request)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += await reader.readexactly(1)
    return await reader.readexactly(5)


async def seconds_until_closed(client: Client, drip: bytes = b"") -> float:
    """Wait until the server closes the connection, with a byte now and then; return how long that took."""
    reader, writer = client
    started = time.monotonic()
    with suppress(ConnectionError):
        async with asyncio.timeout(5):
            reading = asyncio.ensure_future(reader.read())
            while not (await asyncio.wait([reading], timeout=LIMIT / 5))[0]:
                writer.write(drip)
    return time.monotonic() - started


@pytest.mark.parametrize(
    ("first", "drip"),
    [(b"", b""), (GET, b""), (GET[:10], b""), (GET[:-2], b"X: a\r\n"), (GET + GET[:-2], b"X: a\r\n"), (POST, b"")],
    ids=["nothing", "a request", "half a head", "a head that never ends", "a second one", "no body"],
)
async def test_a_connection_that_is_not_used_is_closed(first: bytes, drip: bytes) -> None:
    async with serving() as served:
        client = await served.connect()
        client[1].write(first)
        assert LIMIT * 0.9 < await seconds_until_closed(client, drip) < LIMIT * 3
        await served.is_done()


async def test_a_connection_that_is_used_stays_open() -> None:
    async with serving() as served:
        client = await served.connect()
        for _ in range(6):
            await asyncio.sleep(LIMIT / 2)
            assert await answer_on(client) == b"hello"


async def test_an_answer_may_take_longer_than_a_pause_between_requests() -> None:
    async with serving(partial(hello, seconds=2 * LIMIT), read_timeout=None) as served:
        client = await served.connect()
        assert await answer_on(client) == b"hello"
        assert LIMIT * 0.9 < await seconds_until_closed(client) < LIMIT * 3


async def test_nothing_is_kept_of_a_connection_that_its_client_has_closed() -> None:
    async with serving(keep_alive_timeout=60, read_timeout=60) as served:
        client = await served.connect()
        assert await answer_on(client) == b"hello"
        client[1].close()
        await served.is_done()


async def test_at_the_servers_end_idle_connections_close_at_once_and_others_after_their_answer() -> None:
    async with serving(partial(hello, seconds=LIMIT), keep_alive_timeout=60, read_timeout=60) as served:
        idle, busy = await served.connect(), await served.connect()
        answer = asyncio.create_task(answer_on(busy))
        await asyncio.sleep(LIMIT / 4)
        await served.context.terminated.set()
        assert await seconds_until_closed(idle) < LIMIT / 2
        assert await answer == b"hello"
        await served.is_done()


@pytest.mark.parametrize("first", [POST, POST + b"12345", GET + POST], ids=["no body", "half of it", "a second one"])
async def test_at_the_servers_end_nobody_is_waited_for_who_has_not_sent_all_of_a_request(first: bytes) -> None:
    async with serving(keep_alive_timeout=60, read_timeout=60) as served:
        client = await served.connect()
        client[1].write(first)
        await asyncio.sleep(LIMIT / 4)
        await served.context.terminated.set()
        await served.is_done()


async def test_a_connection_that_is_cut_off_ends_without_an_error() -> None:
    async with serving(keep_alive_timeout=60, read_timeout=60) as served:
        client = await served.connect()
        client[1].write(POST)
        await asyncio.sleep(LIMIT / 4)
        (connection,) = served.connections
        connection.cancel()
        (ended,) = await asyncio.gather(connection, return_exceptions=True)
        assert ended is None or isinstance(ended, asyncio.CancelledError), ended


@pytest.mark.parametrize("requests", [1, 2])
async def test_a_client_that_reads_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch, requests: int) -> None:
    monkeypatch.setattr(endless_connections, "FLUSH_SECONDS", LIMIT)

    async def impatient(*arguments: Any) -> None:
        with suppress(TimeoutError):  # as Quart does, by RESPONSE_TIMEOUT
            await asyncio.wait_for(hello(*arguments, body=BIG), LIMIT)

    async with serving(impatient) as served:
        client = await served.connect()
        client[1].write(requests * GET)
        await asyncio.sleep(LIMIT / 2)
        assert served.connections
        await served.is_done()
        with pytest.raises(ConnectionResetError):  # and the kernel doesn't go on trying to hand it over
            await client[0].read()


async def test_a_request_on_an_open_connection_starts_one_task() -> None:
    async with serving() as served:
        client = await served.connect()
        await answer_on(client)
        started: list[object] = []
        loop = asyncio.get_running_loop()
        loop.set_task_factory(lambda loop, work, **kept: started.append(work) or asyncio.Task(work, loop=loop, **kept))  # type: ignore[func-returns-value]  # append's None
        for _ in range(5):
            await answer_on(client)
        loop.set_task_factory(None)
        assert len(started) == 5, started


async def test_hypercorn_serves_by_it(app: Quart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "TCPServer", TCPServer)
    async with app.test_app():
        assert run.TCPServer is Connection  # type: ignore[attr-defined]  # hypercorn doesn't export it
