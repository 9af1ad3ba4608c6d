"""Several processes: they share all they know through the database, and end without cutting anybody off."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from itertools import chain
from pathlib import Path

import pytest

from tests import cheap
from tests.databases import SECRET_KEY, NewDatabase
from tests.people import BOB, EVE, addresses
from tests.servers import APPLICATION, CONFIG, ROOT, Server, Visitor, running

SHARED = {"SECRET_KEY": SECRET_KEY, "PYTHONPATH": str(ROOT), "PROXY_HOPS": "1"}
HALF_A_HEAD = b"POST /login HTTP/1.1\r\nHost: localhost\r\n"
# With the type, as our own middleware waits for a form; without it, whoever reads the body does.
HALF_A_FORM = HALF_A_HEAD + b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nemail="
HALF_A_BODY = HALF_A_HEAD + b"Content-Length: 100\r\n\r\nemail="
# HTTP/2 as in RFC 9113: the preface, a window of no bytes at all for the answer, GET /.
NO_ROOM_FOR_THE_ANSWER = (
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    b"\0\0\x06\x04\0\0\0\0\0" b"\0\x04\0\0\0\0"
    b"\0\0\x0e\x01\x05\0\0\0\x01" b"\x82\x86\x84\x41\x09localhost"
)  # fmt: skip


def one_at_each(server: Server, workers: int) -> list[Visitor]:
    """Return visitors who keep a connection, each to another worker."""
    at: dict[str, Visitor] = {}
    end = time.monotonic() + 20
    while len(at) < workers:
        assert time.monotonic() < end, f"only {len(at)} of {workers} workers answer"
        visitor = server.visitor()
        at.setdefault(visitor.get("/").headers["X-Worker"], visitor)
        time.sleep(0.02)
    return list(at.values())


@pytest.mark.asvs("7.4.1", "8.3.2")
def test_a_session_ended_at_one_worker_is_refused_by_the_next_request_at_any_other(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    environment = SHARED | {"DATABASE_URL": new_database()}
    with running(tmp_path, environment, workers=2, application=cheap.APPLICATION) as server:
        here, there = one_at_each(server, 2)
        here.post("/signup", BOB)
        here.post("/login", BOB)
        there.cookies = dict(here.cookies)
        assert (here.get("/profile").status, there.get("/profile").status) == (200, 200)
        there.post("/logout", {})
        assert (here.get("/profile").status, there.get("/profile").status) == (302, 302)


@pytest.mark.asvs("6.3.1")
def test_the_limit_on_attempts_counts_those_at_all_workers(new_database: NewDatabase, tmp_path: Path) -> None:
    environment = SHARED | {"DATABASE_URL": new_database()}
    with running(tmp_path, environment, workers=2, application=cheap.APPLICATION) as server:
        visitors = one_at_each(server, 2)

        def guess_often(visitor: Visitor, start: int) -> list[int]:
            guesses = ({"email": f"{number}@example.com", "password": "a guess"} for number in range(start, start + 15))
            return [visitor.post("/login", guess).status for guess in guesses]

        with ThreadPoolExecutor(2) as pool:
            statuses = chain.from_iterable(pool.map(guess_often, visitors, [0, 15]))
    assert sorted(statuses) == 10 * [302] + 20 * [429]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workers", "signal_to"),
    [(1, os.kill), (3, os.kill), (2, os.killpg)],
    ids=["one worker", "three workers", "to the whole group, as systemd does"],
)
def test_sigterm_finishes_log_ins_that_wait_for_their_hash(
    tmp_path: Path, workers: int, signal_to: Callable[[int, int], None]
) -> None:
    environment = SHARED | {"WORKERS": str(workers)}
    # More than hypercorn.toml's 8 s, which are enough for the hashes unless the machine is busy.
    patient = [sys.executable, "-m", "hypercorn", "--config", str(CONFIG), "--graceful-timeout", "80"]
    patient += ["--bind", "127.0.0.1:PORT", "--workers", str(workers), APPLICATION]
    with running(tmp_path, environment, command=patient) as server, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda person: server.visitor(next(addresses)).post("/signup", person), [BOB, EVE]))
        log_ins = [pool.submit(server.visitor(next(addresses)).post, "/login", who) for who in 2 * [BOB, EVE]]
        _, waiting = wait(log_ins, return_when=FIRST_COMPLETED)
        assert waiting
        signal_to(server.process.pid, signal.SIGTERM)
        server.process.wait(90)
        answers = [log_in.result() for log_in in log_ins]
    assert server.process.returncode == 0
    assert all(answer.status == 302 and "log-in" in answer.cookies for answer in answers)


@pytest.mark.slow
def test_sigterm_ends_all_in_time_whatever_clients_do(tmp_path: Path) -> None:
    with running(tmp_path, SHARED) as server, ExitStack() as clients:
        for request in (HALF_A_HEAD, HALF_A_FORM, HALF_A_BODY, NO_ROOM_FOR_THE_ANSWER):
            client = clients.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            client.sendall(request)
        time.sleep(0.5)
        os.kill(server.process.pid, signal.SIGTERM)
        assert seconds_until_the_end(server) < 10
    assert server.process.returncode == 0
    assert "Traceback" not in server.log.read_text()


@pytest.mark.slow
def test_a_worker_ends_when_its_master_is_killed_so_that_the_next_start_gets_the_port(tmp_path: Path) -> None:
    with running(tmp_path, SHARED, workers=2) as server:
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(5)
        end = time.monotonic() + 5
        while time.monotonic() < end and is_alive_group(server.process.pid):
            time.sleep(0.05)
        assert not is_alive_group(server.process.pid)


def seconds_until_the_end(server: Server) -> float:
    """Wait for the master and return how long that took."""
    begin = time.monotonic()
    with suppress(subprocess.TimeoutExpired):
        server.process.wait(15)
    return time.monotonic() - begin


def is_alive_group(group: int) -> bool:
    """Tell whether any process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
