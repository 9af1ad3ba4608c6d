"""Hashing: in threads of its own, no more of them than cores, and a waiting line with an end."""

import asyncio
import threading
import time

import pytest
from quart import Quart

from quart_auth_app.accounts import passwords
from quart_auth_app.accounts.errors import TooBusy
from quart_auth_app.accounts.passwords import PasswordHasher
from tests.conftest import services_of
from tests.people import BOB, Client, text


async def test_passwords_that_differ_only_after_byte_72_are_different(hasher: PasswordHasher) -> None:
    password_hash = await hasher.hash("x" * 72 + "a")
    assert await hasher.verify("x" * 72 + "a", password_hash)
    assert not await hasher.verify("x" * 72 + "b", password_hash)


@pytest.mark.parametrize(("workers", "threads"), [(1, 4), (2, 2), (3, 1), (9, 1)])
async def test_workers_share_the_cores(workers: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "cores", lambda: 4)
    hasher = PasswordHasher(workers=workers)
    seen: set[str] = set()
    running = most = 0
    lock = threading.Lock()

    def slow() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
            seen.add(threading.current_thread().name)
        time.sleep(0.02)
        with lock:
            running -= 1

    await asyncio.gather(*(hasher._run(slow) for _ in range(12)))
    assert most == threads
    assert all(name.startswith("hash") for name in seen), "never the default pool, where pages wait"


async def test_a_full_waiting_line_refuses_and_recovers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "cores", lambda: 1)
    monkeypatch.setattr(passwords, "MAX_WAITING", 2)
    hasher = PasswordHasher()
    results = await asyncio.gather(*(hasher.hash("x") for _ in range(5)), return_exceptions=True)
    assert [isinstance(result, TooBusy) for result in results] == [False, False, False, True, True]
    assert await hasher.hash("x")


async def test_who_gives_up_waiting_leaves_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "cores", lambda: 1)
    monkeypatch.setattr(passwords, "MAX_WAITING", 1)
    hasher, release = PasswordHasher(), threading.Event()
    first = asyncio.create_task(hasher._run(release.wait))
    second = asyncio.create_task(hasher.hash("x"))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    third = asyncio.create_task(hasher.hash("x"))
    await asyncio.sleep(0)
    release.set()
    assert await first
    assert await third


async def test_too_many_log_ins_are_told_to_come_back(app: Quart, client: Client, bob: dict[str, str]) -> None:
    services_of(app).hasher._free = 0
    response = await client.post("/login", form=bob)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert "Please try again in a few seconds." in await text(response)


async def test_hashing_holds_no_connection(app: Quart, client: Client, bob: dict[str, str]) -> None:
    """SQLite has one write lock: were it held for the length of a hash, all others would wait for it."""
    database, hasher = services_of(app).database, services_of(app).hasher
    checked_out: list[int] = []
    run = hasher._run

    async def noted(*arguments: object) -> object:
        checked_out.append(database.engine.pool.checkedout())  # type: ignore[attr-defined]  # a QueuePool has it
        return await run(*arguments)  # type: ignore[arg-type]  # handed through as they came

    hasher._run = noted  # type: ignore[method-assign,assignment]  # looks on, changes nothing
    await client.post("/login", form=bob)
    await client.post("/signup", form=BOB)
    assert checked_out == [0, 0]
