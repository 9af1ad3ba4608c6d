"""Each fault of hypercorn's is still there, so each fix is still needed; on another version a fix steps aside.

A test with the name of a fix fails as soon as a version of hypercorn doesn't need that fix any more: delete the fix.
"""

import asyncio
import importlib
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import hypercorn.protocol
import hypercorn.run
import pytest
from hypercorn.asyncio import run as hypercorns_run
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.protocol.h11 import H11Protocol

from quart_auth_app import third_party
from quart_auth_app.serving import hypercorn_fixes
from quart_auth_app.serving.hypercorn_fixes import endless_upgrades
from tests.conftest import MakeApp
from tests.people import BOB
from tests.servers import Server, running
from tests.serving.test_time_limits import BIG, GET, LIMIT, hello, serving
from tests.serving.test_workers import is_alive_group

FIXES = sorted(
    file.stem for file in Path(hypercorn_fixes.__file__).parent.glob("*.py") if not file.stem.startswith("_")
)
BARE = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})
"""
"""An application without lifespan."""
SLOW = "import asyncio\n" + BARE.replace(
    '    if scope["type"]',
    '    if scope.get("path") == "/slow":\n        await asyncio.sleep(60)\n    if scope["type"]',
)


def hypercorn_on(folder: Path, *options: str, source: str = BARE) -> list[str]:
    """Return hypercorn's own command for a bare application."""
    (folder / "bare.py").write_text(source)
    return [sys.executable, "-m", "hypercorn", *options, "bare:app"]


def test_exit_code_zero(tmp_path: Path) -> None:
    command = hypercorn_on(tmp_path, "--bind", "127.0.0.1:0", "--workers", "1", source="import sys\nsys.exit(3)")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=60).returncode == 0


def test_exit_code_zero_of_command(tmp_path: Path) -> None:
    source = "import os\nos.write(2, b'no\\n')\nos._exit(3)"
    command = hypercorn_on(tmp_path, "--bind", "127.0.0.1:0", source=source)
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "no\n")


def test_broken_logging_traceback(tmp_path: Path) -> None:
    command = hypercorn_on(tmp_path, "--bind", "127.0.0.1:0", "--log-config", "none.ini")
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" in ended.stderr


def test_busy_port_traceback(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        command = hypercorn_on(tmp_path, "--bind", f"127.0.0.1:{other.getsockname()[1]}")
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" in ended.stderr


def test_killed_workers(tmp_path: Path) -> None:
    command = hypercorn_on(tmp_path, "--bind", "127.0.0.1:PORT", "--workers", "1")
    with running(tmp_path, {}, command=command) as server:
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(5)
        time.sleep(0.5)
        assert is_alive_group(server.process.pid), "the worker lives on"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="before Python 3.12, wait_closed waits for nothing")
def test_endless_wait(tmp_path: Path) -> None:
    limits = ("--workers", "0", "--graceful-timeout", "0", "--keep-alive", "60")
    command = hypercorn_on(tmp_path, "--bind", "127.0.0.1:PORT", *limits, source=SLOW)
    with running(tmp_path, {}, command=command) as server, closing(slow_request(server)):
        server.process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            server.process.wait(1.5)
        server.kill()


def slow_request(server: Server) -> socket.socket:
    """Open a connection that the server waits for."""
    client = socket.create_connection(("127.0.0.1", server.port))
    client.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
    time.sleep(0.2)
    return client


async def test_endless_upgrades(monkeypatch: pytest.MonkeyPatch) -> None:
    """With HTTP/2, a window of no bytes for the answer and a ping now and then hold a connection."""
    start = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" b"\0\0\x06\x04\0\0\0\0\0" b"\0\x04\0\0\0\0"  # fmt: skip
    request = b"\0\0\x0e\x01\x05\0\0\0\x01" b"\x82\x86\x84\x41\x09localhost"  # fmt: skip
    ping = b"\0\0\x08\x06\0\0\0\0\0attacker"

    async def is_held(protocol: type[H11Protocol]) -> bool:
        monkeypatch.setattr(hypercorn.protocol, "H11Protocol", protocol)
        async with serving() as served:
            client = await served.connect()
            client[1].write(start + request)
            for _ in range(20):
                await asyncio.sleep(LIMIT / 5)
                client[1].write(ping)
            return bool(served.connections)

    assert await is_held(H11Protocol)
    assert not await is_held(endless_upgrades.Http1Only)


async def test_unlogged_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """The application is not asked, so it can neither add a header nor write a line."""
    monkeypatch.setattr(hypercorn.protocol, "H11Protocol", H11Protocol)
    async with serving() as served:
        reader, writer = await served.connect()
        writer.write(b"no HTTP\r\n\r\n")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    status, *headers = head.splitlines()
    assert (status.split()[1], body) == (b"400", b"")
    assert {line.partition(b":")[0] for line in headers} <= {b"content-length", b"connection", b"date", b"server"}


async def test_endless_connections() -> None:
    """Whoever reads no answer holds a connection for ever."""

    async def impatient(*arguments: Any) -> None:
        with suppress(TimeoutError):  # as Quart does, by RESPONSE_TIMEOUT
            await asyncio.wait_for(hello(*arguments, body=BIG), LIMIT)

    async with serving(impatient, kind=TCPServer) as served:
        client = await served.connect()
        client[1].write(GET)
        await asyncio.sleep(5 * LIMIT)
        assert served.connections


def test_each_fix_has_a_test_and_names_versions_that_are_allowed() -> None:
    assert {f"test_{name}" for name in FIXES} <= globals().keys()
    for name in FIXES:
        fix = importlib.import_module(f"{hypercorn_fixes.__name__}.{name}")
        assert version("hypercorn") in fix.VERSIONS
        assert "Seen in " in (fix.__doc__ or "")


@pytest.fixture
def another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of third_party is of another version than any correction of ours is for."""
    monkeypatch.setattr(third_party, "version", lambda _package: "99")
    third_party.is_for.cache_clear()
    monkeypatch.setattr(hypercorns_run, "TCPServer", TCPServer)
    monkeypatch.setattr(hypercorn.protocol, "H11Protocol", H11Protocol)


@pytest.mark.usefixtures("another_version")
async def test_on_another_version_all_step_aside_and_say_so_once(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    try:
        caplog.set_level(logging.WARNING, "quart_auth_app.third_party")
        for number in range(2):
            app = make_app(DATABASE_URL=f"sqlite:///{tmp_path / f'{number}.sqlite'}")
            async with app.test_app() as served:
                client = served.test_client()
                await client.post("/signup", form=BOB)
                assert (await client.post("/login", form=BOB)).headers["Location"] == "/profile"
        assert hypercorns_run.TCPServer is TCPServer  # type: ignore[attr-defined]  # hypercorn doesn't export it
        assert hypercorn.protocol.H11Protocol is H11Protocol  # type: ignore[attr-defined]  # as above
        said = [record.getMessage() for record in caplog.records if record.name == "quart_auth_app.third_party"]
        assert len(said) == len(set(said))
        assert {line.partition(":")[0] for line in said} == {"hypercorn 99", "aiosqlite 99"}
        assert sum(line.startswith("aiosqlite") for line in said) == 1
    finally:
        third_party.is_for.cache_clear()
