"""The threads that passwords are hashed in, and the line of people who wait for them."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from quart_auth_app.accounts.errors import TooBusy

MAX_WAITING = 24
"""People who may wait for each thread. At 250 ms a hash the last one waits 6 s, less than the `graceful_timeout` of
hypercorn.toml; whoever comes later is told to try again."""

NICENESS = 5
"""How much a hashing thread gives way. Linux gives a nicer thread a third of the time of another that wants the same
core, so a page is still served at once while all cores are hashing."""

RETRY_AFTER = 5
"""Seconds after which a full line will have moved."""

T = TypeVar("T")


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
        self.on_wait: Callable[[float], None] | None = None
        """Called in the hashing thread with the seconds that each call has waited for it."""

    @property
    def in_line(self) -> int:
        """How many people have a place in line, those being served among them."""
        return self._places - self._free_places

    @contextmanager
    def place_in_line(self) -> Iterator[None]:
        """Hold a place in line until the end of the block. Raises TooBusy if there is none."""
        if not self._free_places:
            raise TooBusy(RETRY_AFTER)
        self._free_places -= 1
        try:
            yield
        finally:
            self._free_places += 1

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Call the function in one of the threads and return what it returns."""
        asked = time.perf_counter()

        def work() -> T:
            if self.on_wait:
                self.on_wait(time.perf_counter() - asked)
            return function(*arguments)

        return await asyncio.get_running_loop().run_in_executor(self._pool, work)
