"""Starts and ends servers, each in a process group of its own."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench import cores, memory, processor
from bench.subjects import Site
from tests.servers import free_port

START_TIME = 120.0
"""Seconds that a server has until it must answer."""

END_TIME = 1.5
"""Seconds between SIGTERM and SIGKILL; after a storm, many hashes may still be waiting."""

IDLE_FOR, IDLE_USES = 0.3, 0.02
"""A server is idle when it uses no more processor time than the second number in the first, both in seconds."""


@dataclass(frozen=True)
class Server:
    """A server that has started."""

    site: Site
    port: int
    pid: int
    start_seconds: float
    """From the start of its process to the first 200 of `/`."""

    def pin(self) -> None:
        """Run all its threads on the server's core only, from now on."""
        for pid in memory.tree(self.pid):
            for task in Path(f"/proc/{pid}/task").iterdir():
                with suppress(ProcessLookupError):
                    os.sched_setaffinity(int(task.name), cores.SERVER)

    def wait_until_idle(self) -> None:
        """Wait until it has checked the hashes of clients that hung up, or they would slow the next measurement."""
        used, before = processor.seconds_of_all(self.pid), 0.0
        while used - before > IDLE_USES:
            time.sleep(IDLE_FOR)
            used, before = processor.seconds_of_all(self.pid), used


@contextmanager
def started(site: Site, on: list[int], options: Sequence[str] = ()) -> Iterator[Server]:
    """Serve a site on these cores, within the block; `options` are added to the command."""
    port = free_port()
    command = [part.replace("PORT", str(port)) for part in (*site.subject.command, *options)]
    path = site.folder / "server.log"
    with path.open("ab") as log:
        begin = time.perf_counter()
        process = subprocess.Popen(
            [*cores.on(on), *command], cwd=site.folder, env=site.environment, stdout=log, stderr=log,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    try:
        _wait_for(port, process, path)
        yield Server(site, port, process.pid, time.perf_counter() - begin)
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_TIME)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    # A plain socket in a tight loop adds a few milliseconds to the start at most.
    end = time.monotonic() + START_TIME
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=START_TIME) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            if b" 200 " in connection.recv(64):
                return
        time.sleep(0.002)
    raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')[-4000:]}")
