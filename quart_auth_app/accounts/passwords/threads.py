"""The threads that hash passwords, and the queue of people who wait for them."""

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
"""How many people may wait for each thread. At 250 ms for a hash the last one waits 6 s, less than the
`graceful_timeout` of hypercorn.toml; further people are told to try again."""

NICENESS = 5
"""The nice value of hashing threads. On the same core, Linux gives such a thread a third of a normal thread's time, so
pages are still served at once while all cores are hashing."""

RETRY_AFTER = 5
"""Seconds after which a full queue will have free places."""

MOST_FOR_A_NETWORK = 0.5
MOST_FOR_STRANGERS = 0.75
"""Largest shares of the places: so strangers, however many, always leave places for people whom an account knows."""

T = TypeVar("T")


@dataclass(frozen=True)
class Group:
    """People who share a turn: the known or the unknown browsers of one network."""

    network: str
    is_known: bool


OPERATORS = Group("", is_known=True)

_mine: ContextVar[Group] = ContextVar("whose place in line it is", default=OPERATORS)


def cores() -> int:
    """Return how many CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _give_way() -> None:
    if sys.platform == "linux":  # elsewhere nice() changes the whole process
        os.nice(NICENESS)


class HashingThreads:
    """One thread for each core, as more would be no faster; `workers` processes on one machine share the cores."""

    def __init__(self, *, workers: int) -> None:
        threads = max(1, cores() // workers)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="hash", initializer=_give_way)
        self._free_places = self._places = threads * (1 + MAX_WAITING)
        self._held = Counter[Group]()
        self._room = threads + 1  # one more than threads, so that a thread never waits for the event loop
        self._line = FairQueue[Group, asyncio.Future[None]]()
        self.on_wait: Callable[[float], None] | None = None
        """Called in the hashing thread with the seconds that the call has waited."""

    @property
    def in_line(self) -> int:
        """How many people have a place in the queue, including those being served."""
        return self._places - self._free_places

    def insist_on_place(self, group: Group) -> None:
        """Raise TooBusy if the queue has no free place; for callers with work to do before they take one."""
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
        """Hold a place in the queue until the end of the block. Raises TooBusy if none is free."""
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
        """Call the function in one of the threads, and return its result. Networks take turns."""
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
            if mine.done() and not mine.cancelled():  # it got its turn at the same moment
                self._make_room()
            raise

    def _make_room(self) -> None:
        while found := self._line.take():
            _, waiting = found
            if not waiting.done():
                waiting.set_result(None)
                return
        self._room += 1
