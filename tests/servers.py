"""The application under hypercorn, as in production, in a process of its own, on a free port."""

import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "hypercorn.toml"
APPLICATION = "quart_auth_app:create_app()"


@dataclass(frozen=True)
class Server:
    """A server that runs, or ran."""

    process: "subprocess.Popen[bytes]"
    """hypercorn's main process."""
    port: int
    log: Path
    _connections: list[http.client.HTTPConnection] = field(default_factory=list)

    @property
    def address(self) -> str:
        """The site's address."""
        return f"http://localhost:{self.port}"

    def visitor(self, address: str = "127.0.0.1") -> "Visitor":
        """Return a visitor with one connection; `address` is believed if PROXY_HOPS is 1."""
        self._connections.append(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30))
        return Visitor(self._connections[-1], address)

    def kill(self) -> None:
        """End it as a power cut would, with all its processes. Other threads may be amid a request."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)

    def close(self) -> None:
        """End it and the visitors' connections, which no other thread uses any more."""
        self.kill()
        for connection in self._connections:
            connection.close()


@dataclass(frozen=True)
class Answer:
    """What the server has printed."""

    status: int
    headers: http.client.HTTPMessage
    cookies: Mapping[str, str]
    text: str


class Visitor:
    """A visitor with one connection, who keeps cookies. Raises OSError or HTTPException if no answer comes."""

    def __init__(self, connection: http.client.HTTPConnection, address: str) -> None:
        self._connection = connection
        self.address = address
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> Answer:
        """Ask for a page; redirects are not followed."""
        return self._send("GET", path, None)

    def post(self, path: str, form: Mapping[str, str]) -> Answer:
        """Send a form."""
        return self._send("POST", path, urlencode(form))

    def close(self) -> None:
        """End the connection; the next request opens another."""
        self._connection.close()

    def _send(self, method: str, path: str, body: str | None) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers |= {"X-Forwarded-For": self.address} | ({"Cookie": cookies} if cookies else {})
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        text = response.read().decode()
        lines = response.headers.get_all("Set-Cookie", [])
        new = {name: morsel.value for line in lines for name, morsel in SimpleCookie(line).items()}
        self.cookies |= new
        return Answer(response.status, response.headers, new, text)


def free_port(count: int = 1) -> int:
    """Return the first of `count` adjacent ports that nobody listens on just now.

    They lie below the range from which the kernel takes ports for outgoing connections (32768 on Linux), as one of
    those could occupy the port before the test listens on it.
    """
    while True:
        first = secrets.randbelow(12_000) + 20_000
        with suppress(OSError), ExitStack() as stack:
            for port in range(first, first + count):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first


@contextmanager
def running(folder: Path, environment: Mapping[str, str], **options: Any) -> Iterator[Server]:
    """Serve from `folder`, and give the server when it answers. The options are those of `started`."""
    with started(folder, environment, **options) as server:
        wait_for(server)
        yield server


@contextmanager
def started(
    folder: Path,
    environment: Mapping[str, str],
    *,
    python: str = sys.executable,
    workers: int = 1,
    application: str = APPLICATION,
    port: int = 0,
    command: Sequence[str] = (),
) -> Iterator[Server]:
    """Start to serve from `folder`, or to refuse that, on `port` or a free one. All processes are gone afterwards.

    `command` is another server's, with PORT for the port.
    """
    port = port or free_port()
    ours = [python, "-m", "hypercorn", "--config", str(CONFIG), "--bind", "127.0.0.1:PORT"]
    ours += ["--workers", str(workers), application]
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [word.replace("PORT", str(port)) for word in command or ours],
            cwd=folder,
            env=os.environ | environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        server = Server(process, port, folder / "server.log")
        try:
            yield server
            process.terminate()
            process.wait(20)
        finally:
            server.close()


@contextmanager
def served(folder: Path, *, python: str = sys.executable, workers: int = 1, **environment: str) -> Iterator[str]:
    """Serve from `folder` and give the site's address."""
    with running(folder, environment, python=python, workers=workers) as server:
        yield server.address


def wait_for(server: Server) -> None:
    """Return when the server answers."""
    end = time.monotonic() + 90  # a start takes a second; here several test processes may share few cores
    while time.monotonic() < end and server.process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/", timeout=1):
                return
        except urllib.error.HTTPError:
            return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.05)
    raise AssertionError(f"the server did not answer: {server.log.read_text()}")
