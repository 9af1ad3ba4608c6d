"""Hashing: in threads of its own, no more of them than cores, and a waiting line with an end."""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial

import pytest
from quart import Quart

from quart_auth_app.accounts.browsers import OPERATOR, Browser
from quart_auth_app.accounts.errors import TooBusy
from quart_auth_app.accounts.passwords import Passwords, threads
from quart_auth_app.accounts.signing_up import sign_up_confirmations
from tests.conftest import MakeApp, services_of
from tests.people import EVE, Accounts, Client, text


@pytest.mark.asvs("6.2.8")
async def test_passwords_that_differ_only_after_byte_72_are_different() -> None:
    passwords = Passwords()
    password_hash = await passwords.hash("x" * 72 + "a")
    assert await passwords.verify("x" * 72 + "a", password_hash) == (True, None)
    assert await passwords.verify("x" * 72 + "b", password_hash) == (False, None)


@pytest.mark.asvs("15.2.2")
@pytest.mark.parametrize(("workers", "expected"), [(1, 4), (2, 2), (3, 1), (9, 1)])
async def test_workers_share_the_cores(workers: int, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "cores", lambda: 4)
    passwords = Passwords(workers=workers)
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

    await asyncio.gather(*(passwords.threads.run(slow) for _ in range(12)))
    assert most == expected
    assert all(name.startswith("hash") for name in seen), "never the default pool, where pages wait"


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a niceness of their own on Linux only")
async def test_hashing_stands_back_for_all_else() -> None:
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    theirs = await Passwords().threads.run(os.getpriority, os.PRIO_PROCESS, 0)
    assert theirs == min(19, ours + threads.NICENESS)
    assert os.getpriority(os.PRIO_PROCESS, 0) == ours


@pytest.mark.asvs("2.4.1", "15.2.2")
def test_a_full_line_refuses_and_recovers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "cores", lambda: 1)
    monkeypatch.setattr(threads, "MAX_WAITING", 1)
    passwords = Passwords()
    place = partial(passwords.place_in_line, OPERATOR)
    with place(), place(), pytest.raises(TooBusy), place():
        pass
    with place():
        pass


@pytest.mark.asvs("15.2.2")
async def test_who_gives_up_waiting_leaves_the_line(
    app: Quart, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords, release = services_of(app).passwords, threading.Event()
    waiting, places = passwords.threads._pool._work_queue, passwords.threads._free_places
    verified: list[str] = []
    monkeypatch.setattr(passwords._hasher, "verify", lambda password, _hash: verified.append(password))
    try:
        workers = range(passwords.threads._pool._max_workers)
        blocked = [asyncio.create_task(passwords.threads.run(release.wait)) for _ in workers]
        await asyncio.sleep(0)
        await _until(waiting.empty)
        impatient = asyncio.create_task(accounts.log_in(email="x", password="x"))
        await _until(lambda: not waiting.empty())
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        assert passwords.threads._free_places == places
    finally:
        release.set()
    await asyncio.gather(*blocked)
    await passwords.threads.run(str)  # whatever stood in line before it is done then
    assert verified == [], "nobody hashes for who has left"


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0.002)
    pytest.fail("it never happened")


async def test_who_is_told_to_come_back_has_spent_no_attempt(app: Quart, client: Client, bob: dict[str, str]) -> None:
    passwords = services_of(app).passwords
    places, passwords.threads._free_places = passwords.threads._free_places, 0
    for _ in range(6):
        assert (await client.post("/login", form=bob)).status_code == 503
    passwords.threads._free_places = places
    assert (await client.post("/login", form=bob)).headers["Location"] == "/profile"


@pytest.mark.asvs("2.4.1", "15.2.2")
async def test_too_many_log_ins_are_told_to_come_back(app: Quart, client: Client, bob: dict[str, str]) -> None:
    services_of(app).passwords.threads._free_places = 0
    response = await client.post("/login", form=bob)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert "Please try again in a few seconds." in await text(response)


@pytest.mark.asvs("15.2.2")
async def test_hashing_holds_no_connection(app: Quart, client: Client, bob: dict[str, str]) -> None:
    """SQLite has one write lock: were it held for the length of a hash, all others would wait for it."""
    database, passwords = services_of(app).database, services_of(app).passwords
    checked_out: list[int] = []
    run = passwords.threads.run

    async def noted(*arguments: object) -> object:
        checked_out.append(database.engine.pool.checkedout())  # type: ignore[attr-defined]  # a QueuePool has it
        return await run(*arguments)  # type: ignore[arg-type]  # handed through as they came

    passwords.threads.run = noted  # type: ignore[method-assign,assignment]  # looks on, changes nothing
    await client.post("/login", form=bob)
    await client.post("/signup", form=EVE)
    await client.post("/login", form=bob | {"email": EVE["email"]})
    assert checked_out == [0] * 4  # verify; then rate the new password, hash it; verify Eve's, which is not hers


def stranger(number: int) -> Browser:
    """Return a browser that nobody knows, on a network of its own."""
    return Browser(address=f"192.0.2.{number}")


@pytest.mark.asvs("2.4.1", "15.2.2")
def test_a_network_has_half_of_the_places_and_all_strangers_three_quarters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "cores", lambda: 1)
    monkeypatch.setattr(threads, "MAX_WAITING", 7)
    passwords = Passwords()
    with ExitStack() as held:
        for number in [1] * 4 + [2] * 2:
            held.enter_context(passwords.place_in_line(stranger(number)))
            if number == 1 and passwords.threads.in_line == 4:
                with pytest.raises(TooBusy):
                    passwords.insist_on_place(stranger(1))
        with pytest.raises(TooBusy):
            passwords.insist_on_place(stranger(3))
        for _ in range(2):
            held.enter_context(passwords.place_in_line(stranger(1), known=True))
        with pytest.raises(TooBusy):
            passwords.insist_on_place(stranger(1), known=True)
    assert passwords.threads.in_line == 0
    assert not passwords.threads._held


@pytest.mark.asvs("2.4.1", "15.2.2")
async def test_networks_take_turns_in_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "cores", lambda: 1)
    passwords, release, done = Passwords(), threading.Event(), list[int]()

    async def work(number: int) -> None:
        with passwords.place_in_line(stranger(number)):
            await passwords.threads.run(release.wait)
            done.append(number)

    tasks = [asyncio.create_task(work(number)) for number in [1] * 8 + [2]]
    await asyncio.sleep(0)
    release.set()
    await asyncio.gather(*tasks)
    assert done.index(2) <= 3, "behind those that the threads had, and one more"


@pytest.mark.asvs("2.4.1", "15.2.2")
async def test_who_types_mailed_codes_has_no_more_places_than_any_stranger(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "cores", lambda: 1)
    monkeypatch.setattr(threads, "MAX_WAITING", 7)
    services, passwords, browser = services_of(make_app()), Passwords(), stranger(1)
    with ExitStack() as held:
        for _ in range(4):
            held.enter_context(passwords.place_in_line(browser))
        with pytest.raises(TooBusy):
            await sign_up_confirmations.confirm_by_code(
                services.database.transaction,
                passwords,
                sign_up_id=1,
                code="AAAAAA",
                browser=browser,
                now=datetime.now(UTC),
            )
