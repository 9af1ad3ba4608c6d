"""The same application under other ASGI servers: the same journeys, and a start that fails is told as well."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import SECRET_KEY, NewDatabase
from tests.people import BOB, addresses
from tests.servers import ROOT, Server, running

UVICORN = "-m uvicorn --factory FACTORY --host 127.0.0.1 --port PORT --no-access-log"
GRANIAN = "-m granian --interface asgi --factory FACTORY --host 127.0.0.1 --port PORT"
SERVERS = pytest.mark.parametrize("command", [UVICORN, GRANIAN], ids=["uvicorn", "granian"])
CHEAP, OURS = "tests.cheap:create_app", "quart_auth_app:create_app"
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
SITE_WITH_A_WEBSOCKET = """
from quart import websocket
from quart_auth import login_required
from quart_auth_app import create_app

def create_site():
    app = create_app()

    @app.websocket("/")
    @login_required
    async def talk():
        await websocket.accept()

    return app
"""
SETTINGS = {"SECRET_KEY": SECRET_KEY, "PYTHONPATH": str(ROOT), "PROXY_HOPS": "1"}


def words(command: str, factory: str) -> list[str]:
    """Return the command's words; the port is left open."""
    return [sys.executable, *command.replace("FACTORY", factory).split()]


@SERVERS
def test_a_person_signs_up_and_logs_in_and_out(new_database: NewDatabase, tmp_path: Path, command: str) -> None:
    settings = SETTINGS | {"DATABASE_URL": new_database()}
    with running(tmp_path, settings, command=words(command, CHEAP)) as server:
        bob = server.visitor(next(addresses))
        assert bob.get("/profile").headers["Location"] == "/login?next=/profile"
        assert bob.post("/signup", BOB).headers["Location"] == "/login"
        assert bob.post("/login", BOB | {"password": "a guess"}).headers["Location"] == "/login"
        assert "Please check your login details and try again." in bob.get("/login").text
        assert bob.post("/login", BOB | {"next": "/account"}).headers["Location"] == "/account"
        profile = bob.get("/profile")
        assert "Welcome, Bob!" in profile.text
        assert profile.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in profile.headers["Content-Security-Policy"]
        assert bob.post("/logout", {}).headers["Location"] == "/"
        assert bob.get("/profile").status == 302


@SERVERS
def test_what_is_wrong_with_a_request_is_answered(new_database: NewDatabase, tmp_path: Path, command: str) -> None:
    settings = SETTINGS | {"DATABASE_URL": new_database()}
    with running(tmp_path, settings, command=words(command, CHEAP)) as server:
        somebody = server.visitor(next(addresses))
        assert somebody.get("/nowhere").status == 404
        assert somebody.get("/static/style.css").headers["Content-Type"].startswith("text/css")
        assert server.visitor().post("/login", {"email": 100_000 * "x"}).status == 413
        guesses = [somebody.post("/login", {"email": "a@example.com", "password": "x"}).status for _ in range(12)]
        assert guesses[-1] == 429
        foreign = (
            b"POST /logout HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nContent-Length: 0\r\n\r\n"
        )
        assert said(server, foreign).startswith(b"HTTP/1.1 403")
        assert not said(server, UPGRADE).startswith(b"HTTP/1.1 101"), "there is no WebSocket"
    assert "Traceback" not in server.log.read_text()


@SERVERS
def test_a_strangers_websocket_is_refused_with_401(tmp_path: Path, command: str) -> None:
    (tmp_path / "my_site.py").write_text(SITE_WITH_A_WEBSOCKET)
    with running(tmp_path, SETTINGS, command=words(command, "my_site:create_site")) as server:
        assert said(server, UPGRADE).startswith(b"HTTP/1.1 401")
    assert "Traceback" not in server.log.read_text()


def said(server: Server, request: bytes) -> bytes:
    """Return the beginning of the answer to these bytes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(request)
        return client.recv(1000)


@SERVERS
def test_a_start_that_fails_is_one_sentence_and_an_exit_code(tmp_path: Path, command: str) -> None:
    run = subprocess.run(
        words(command.replace("PORT", "0"), OURS),
        cwd=tmp_path, env=os.environ | SETTINGS | {"SECRET_KEY": "short"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert run.returncode != 0
    assert "SECRET_KEY has 5 characters" in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr


@SERVERS
def test_sigterm_ends_it_in_time(new_database: NewDatabase, tmp_path: Path, command: str) -> None:
    settings = SETTINGS | {"DATABASE_URL": new_database()}
    with running(tmp_path, settings, command=words(command, CHEAP)) as server:
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(15)
    assert "Traceback" not in server.log.read_text()
