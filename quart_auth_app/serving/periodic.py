"""Repeated work while the application is served."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def repeated(work: Callable[[], Awaitable[None]], *, every: float, share: float = 1) -> AsyncIterator[None]:
    """Do `work` now and every `every` seconds, until the end of the block.

    Work that takes more than `share` of the time is done less often. Running work is finished, not cancelled: drivers
    lose a connection that is cancelled while it opens.
    """
    stopped = asyncio.Event()

    async def work_on() -> None:
        while not stopped.is_set():
            began = time.monotonic()
            await work()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), max(every, (time.monotonic() - began) / share))

    task = asyncio.create_task(work_on())
    try:
        yield
    finally:
        stopped.set()
        await task
