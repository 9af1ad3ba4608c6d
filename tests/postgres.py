"""What tests put around PostgreSQL: a proxy that fails on demand, PgBouncer, servers with and without TLS."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from socket import create_connection

import pytest
from sqlalchemy import make_url

from tests.databases import POSTGRES
from tests.servers import free_port

NOBODY = "postgres"
"""Whom servers run as that refuse to run as root."""


class Proxy:
    """Passes bytes on to the test server, until told otherwise."""

    port = 0
    """Where it listens, on 127.0.0.1."""

    async def __aenter__(self) -> "Proxy":
        self._flows = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        await asyncio.sleep(0.05)  # for the connections to notice

    async def _listen(self) -> None:
        self._flows.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def restore(self) -> None:
        """Let everything through again."""
        self.cut()
        await self._listen()

    def cut(self) -> None:
        """End all connections and refuse new ones."""
        self._flows.set()
        self._server.close()
        for writer in self._open:
            writer.transport.abort()

    def hang(self) -> None:
        """Take everything and answer nothing."""
        self._flows.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        url = make_url(POSTGRES or "")
        server_reader, server_writer = await asyncio.open_connection(url.host, url.port or 5432)
        self._open |= {writer, server_writer}
        await asyncio.gather(self._pass(reader, server_writer), self._pass(server_reader, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while received := await reader.read(65536):
                await self._flows.wait()
                writer.write(received)
        writer.close()


@contextmanager
def pgbouncer() -> Iterator[int]:
    """Run PgBouncer in transaction mode, with two connections to each database of the test server; give its port."""
    url, port = make_url(POSTGRES or ""), free_port()
    settings = f"""
[databases]
* = host={url.host} port={url.port or 5432}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = users
pool_mode = transaction
default_pool_size = 2
"""
    with _owned_folder() as folder:
        (folder / "pgbouncer.ini").write_text(settings)
        (folder / "users").write_text(f'"{url.username}" "{url.password or ""}"\n')
        with _running([_needed("pgbouncer"), str(folder / "pgbouncer.ini")], folder, port):
            yield port


@contextmanager
def server_with_tls() -> Iterator[tuple[int, Path, Path]]:
    """Run a PostgreSQL of its own; give its port, the certificate of `localhost` that it shows, and another one."""
    postgres, port = _needed("postgres", *Path("/usr/lib/postgresql").glob("*/bin/postgres")), free_port()
    with _owned_folder() as folder:
        for name in ("server", "other"):
            _run([_needed("openssl"), *f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 "
                  f"-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout {name}.key -out {name}.crt"
                  .split()], folder)  # fmt: skip
        initdb = str(Path(postgres).with_name("initdb"))
        _run([initdb, "--pgdata=data", "--auth=trust", "--username=postgres", "--no-sync"], folder)
        options = f"-D data -p {port} -h 127.0.0.1 -k {folder} --fsync=off --ssl=on"
        files = f"--ssl_cert_file={folder}/server.crt --ssl_key_file={folder}/server.key"
        with _running([postgres, *options.split(), *files.split()], folder, port):
            yield port, folder / "server.crt", folder / "other.crt"


def _needed(program: str, *places: Path) -> str:
    found = shutil.which(program) or next((str(place) for place in places), None)
    if not found and not os.environ.get("CI"):
        pytest.skip(f"{program} is not installed")
    assert found, f"{program} is not installed"
    return found


@contextmanager
def _owned_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        if os.geteuid() == 0:
            shutil.chown(name, NOBODY)
        yield Path(name)


def _as_nobody(command: list[str]) -> list[str]:
    return ["setpriv", f"--reuid={NOBODY}", "--clear-groups", *command] if os.geteuid() == 0 else command


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(_as_nobody(command), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    with (folder / "log").open("wb") as log, ExitStack() as stack:
        process = subprocess.Popen(_as_nobody(command), cwd=folder, stdout=log, stderr=log)
        stack.callback(process.wait, 20)
        stack.callback(process.terminate)
        end = time.monotonic() + 20
        while True:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < end, (folder / "log").read_text()
            with suppress(OSError), create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield
