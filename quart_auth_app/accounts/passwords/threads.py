"""The threads that passwords are hashed in, and the line of people who wait for them."""

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from quart_auth_app.accounts.errors import TooBusy
from quart_auth_app.fair_queue import FairQueue

MAX_WAITING = 24
"""People who may wait for each thread. At 250 ms a hash the last one waits 6 s, less than the `graceful_timeout` of
hypercorn.toml; whoever comes later is told to try again."""

NICENESS = 5
"""How much a hashing thread gives way. Linux gives a nicer thread a third of the time of another that wants the same
core, so a page is still served at once while all cores are hashing."""

RETRY_AFTER = 5
"""Seconds after which a full line will have moved."""

MOST_FOR_A_NETWORK = 0.5
MOST_FOR_STRANGERS = 0.75
"""Shares of the places in line: however many strangers are at work, who is known to an account finds a place."""

T = TypeVar("T")


@dataclass(frozen=True)
class Group:
    """Who share a turn: those of a network whom no account knows, or those whom one does."""

    network: str
    is_known: bool


OPERATORS = Group("", is_known=True)

_mine: ContextVar[Group] = ContextVar("whose place in line it is", default=OPERATORS)


def cores() -> int:
    """Return how many CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _give_way() -> None:
    if sys.platform == "linux":  # elsewhere it would slow down the whole process
        os.nice(NICENESS)


class HashingThreads:
    """One thread for each core, as more would be no faster; `workers` processes on one machine share the cores."""

    def __init__(self, *, workers: int) -> None:
        threads = max(1, cores() // workers)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="hash", initializer=_give_way)
        self._free_places = self._places = threads * (1 + MAX_WAITING)
        self._held = Counter[Group]()
        self._room = threads + 1  # one is ready when a thread is, so that none waits for the event loop
        self._line = FairQueue[Group, asyncio.Future[None]]()
        self.on_wait: Callable[[float], None] | None = None
        """Called in the hashing thread with the seconds that each call has waited for it."""

    @property
    def in_line(self) -> int:
        """How many people have a place in line, those being served among them."""
        return self._places - self._free_places

    def insist_on_place(self, group: Group) -> None:
        """Raise TooBusy if there is no place in line. For who has something to do before they take one."""
        if not self._free_places or not (group.is_known or self._has_place_for(group)):
            raise TooBusy(RETRY_AFTER)

    def _has_place_for(self, strangers: Group) -> bool:
        all_strangers = sum(count for each, count in self._held.items() if not each.is_known)
        return (
            self._held[strangers] < self._places * MOST_FOR_A_NETWORK
            and all_strangers < self._places * MOST_FOR_STRANGERS
        )

    @contextmanager
    def place_in_line(self, group: Group) -> Iterator[None]:
        """Hold a place in line until the end of the block. Raises TooBusy if there is none."""
        self.insist_on_place(group)
        self._free_places -= 1
        self._held[group] += 1
        before = _mine.set(group)
        try:
            yield
        finally:
            _mine.reset(before)
            self._free_places += 1
            self._held[group] -= 1
            if not self._held[group]:
                del self._held[group]

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Call the function in one of the threads and return what it returns. Networks take turns."""
        asked = time.perf_counter()

        def work() -> T:
            if self.on_wait:
                self.on_wait(time.perf_counter() - asked)
            return function(*arguments)

        await self._wait_for_room()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._make_room()

    async def _wait_for_room(self) -> None:
        if self._room:
            self._room -= 1
            return
        mine = asyncio.get_running_loop().create_future()
        self._line.put(_mine.get(), mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # the room was made in the same moment
                self._make_room()
            raise

    def _make_room(self) -> None:
        while found := self._line.take():
            _, waiting = found
            if not waiting.done():
                waiting.set_result(None)
                return
        self._room += 1
