"""What tests put around PostgreSQL: a proxy that fails on demand, PgBouncer, servers with and without TLS."""

import asyncio
import os
import shutil
import signal
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
"""The user for servers that refuse to run as root."""

INITDB = ["--pgdata=data", "--auth=trust", "--username=postgres", "--lc-messages=C", "--no-sync"]
"""The command that makes a server's files."""


class Proxy:
    """A proxy that passes bytes on to the test server, until a test lets it fail."""

    port = 0
    """Where it listens, on 127.0.0.1."""

    async def __aenter__(self) -> "Proxy":
        self._flows = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        await asyncio.gather(*self._tasks)

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
        """Accept connections and bytes, and answer nothing."""
        self._flows.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        url, pair, task = make_url(POSTGRES or ""), {writer}, asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._open.add(writer)
        try:
            server_reader, server_writer = await asyncio.open_connection(url.host, url.port or 5432)
            pair.add(server_writer)
            if writer.is_closing() or not self._server.is_serving():  # cut meanwhile
                return
            self._open.add(server_writer)
            await asyncio.gather(self._pass(reader, server_writer), self._pass(server_reader, writer))
        finally:
            for each in pair:
                if not each.is_closing():
                    each.transport.abort()
            await asyncio.sleep(0)  # for the sockets to be closed
            self._open -= pair

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while received := await reader.read(65536):
                await self._flows.wait()
                writer.write(received)
        writer.close()


@contextmanager
def pgbouncer(server: str | None = POSTGRES, connections: int = 2) -> Iterator[int]:
    """Run PgBouncer in transaction mode, with so many connections to each database of a server; give its port."""
    url, port = make_url(server or ""), free_port()
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
default_pool_size = {connections}
stats_users = {url.username}
"""
    with _owned_folder() as folder:
        (folder / "pgbouncer.ini").write_text(settings)
        (folder / "users").write_text(f'"{url.username}" "{url.password or ""}"\n')
        with _running([_needed("pgbouncer"), str(folder / "pgbouncer.ini")], folder, port):
            yield port


@contextmanager
def server_with_tls() -> Iterator[tuple[int, Path, Path]]:
    """Run a PostgreSQL of its own; give its port, the certificate of `localhost` that it shows, and another one."""
    postgres, port = _program("postgres"), free_port()
    with _owned_folder() as folder:
        for name in ("server", "other"):
            _run([_needed("openssl"), *f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 "
                  f"-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout {name}.key -out {name}.crt"
                  .split()], folder)  # fmt: skip
        _run([_program("initdb"), *INITDB], folder)
        options = f"-D data -p {port} -h 127.0.0.1 -k {folder} --fsync=off --ssl=on"
        files = f"--ssl_cert_file={folder}/server.crt --ssl_key_file={folder}/server.key"
        # Its port is open before it accepts connections.
        with _running([postgres, *options.split(), *files.split()], folder, port, says="ready to accept connections"):
            yield port, folder / "server.crt", folder / "other.crt"


FAST = signal.SIGINT
"""PostgreSQL's fast shutdown. At SIGTERM it would wait for every commit that waits for a copy which is gone."""


class Cluster:
    """Two servers: a primary, and a synchronous copy that must have a commit before the primary confirms it."""

    def __init__(self, folder: Path, ports: tuple[int, int], primary: "subprocess.Popen[bytes]") -> None:
        self._folder = folder
        self.ports = ports
        self._primary = primary

    def kill(self) -> None:
        """Kill the first one, whatever it is doing."""
        self._primary.kill()
        self._primary.wait(20)

    def cut_off(self) -> None:
        """Freeze the first one: it accepts connections and never answers."""
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Let the first one answer again."""
        self._signal(signal.SIGCONT)

    def demote(self) -> None:
        """Let the first one refuse to write, as a copy does."""
        _run([_program("psql"), "-h", "127.0.0.1", "-p", str(self.ports[0]), "-U", "postgres", "-c",
              "ALTER SYSTEM SET default_transaction_read_only = on", "-c", "SELECT pg_reload_conf()"],
             self._folder)  # fmt: skip

    def promote(self) -> None:
        """Promote the second one, which then waits for no copy."""
        _run([_program("pg_ctl"), "promote", "-D", "copy"], self._folder)

    def _signal(self, number: signal.Signals) -> None:
        if self._primary.poll() is None:
            children = Path(f"/proc/{self._primary.pid}/task/{self._primary.pid}/children").read_text().split()
            for process in (self._primary.pid, *map(int, children)):
                os.kill(process, number)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run two servers of PostgreSQL of their own, one a synchronous copy of the other."""
    ports = free_port(), free_port()
    with _owned_folder() as folder, ExitStack() as stack:
        _run([_program("initdb"), *INITDB], folder)
        ready = "ready to accept"
        options = f"-h 127.0.0.1 -k {folder} -c synchronous_standby_names=copy"
        command = [_program("postgres"), "-D", "data", "-p", str(ports[0]), *options.split()]
        primary = stack.enter_context(_running(command, folder, ports[0], says=ready, ends_by=FAST))
        address = f"host=127.0.0.1 port={ports[0]} user=postgres application_name=copy"
        _run([_program("pg_basebackup"), "-D", "copy", "-R", "--no-sync", "-c", "fast", "-d", address], folder)
        options = f"-h 127.0.0.1 -k {folder} -c synchronous_standby_names="
        command = [_program("postgres"), "-D", "copy", "-p", str(ports[1]), *options.split()]
        stack.enter_context(_running(command, folder, ports[1], says="started streaming", ends_by=FAST))
        made = Cluster(folder, ports, primary)
        stack.callback(made.wake)  # to end
        yield made


def _program(name: str) -> str:
    return _needed(name, *Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))


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
def _running(
    command: list[str], folder: Path, port: int, says: str = "", ends_by: signal.Signals = signal.SIGTERM
) -> Iterator["subprocess.Popen[bytes]"]:
    with (folder / f"log-{port}").open("wb") as log, ExitStack() as stack:
        process = subprocess.Popen(_as_nobody(command), cwd=folder, stdout=log, stderr=log)
        stack.callback(process.wait, 20)
        stack.callback(process.send_signal, ends_by)
        end = time.monotonic() + 20
        while True:
            assert process.poll() is None, (folder / f"log-{port}").read_text()
            assert time.monotonic() < end, (folder / f"log-{port}").read_text()
            with suppress(OSError), create_connection(("127.0.0.1", port), timeout=1):
                if says in (folder / f"log-{port}").read_text():
                    break
            time.sleep(0.05)
        yield process
