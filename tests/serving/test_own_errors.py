"""What the server refuses before the application sees it has our headers, and a line in the access log."""

import json
import socket
from collections.abc import Iterator

import pytest

from tests.servers import Server, running

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
UNREADABLE = {
    "no HTTP": (b"no HTTP\r\n\r\n", 400),
    "two hosts": (GET + b"Host: other\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "a header without end": (GET + b"X: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    "an unknown coding": (GET + b"Transfer-Encoding: gzip\r\n\r\n", 501),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The application under hypercorn."""
    settings = {"PUBLIC_URL": "https://site.example", "DATABASE_URL": "sqlite:///db.sqlite"}
    with running(tmp_path_factory.mktemp("server"), settings) as server:
        yield server


@pytest.mark.slow
@pytest.mark.asvs("3.4.1", "3.4.4", "16.2.1")
@pytest.mark.parametrize(("request_", "status"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cant_be_read_is_answered_and_logged_as_anything_else(
    server: Server, request_: bytes, status: int
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(request_)
        answer = b""
        while more := client.recv(65536):
            answer += more
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").splitlines()
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    assert (first.split()[1], body) == (str(status), b"")
    assert len(headers) == len(lines), "each header once"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["strict-transport-security"].startswith("max-age=63072000")
    assert headers["cache-control"] == "no-store"
    assert headers["connection"] == "close"
    logged = [json.loads(line) for line in server.log.read_text().splitlines() if headers["x-request-id"] in line]
    assert [(line["status"], line["address"], line["path"]) for line in logged] == [(status, "127.0.0.1", "")]
