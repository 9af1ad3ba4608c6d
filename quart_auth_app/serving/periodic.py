"""Repeated work while the application is served."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def repeated(work: Callable[[], Awaitable[None]], *, every: float) -> AsyncIterator[None]:
    """Do `work` now and every `every` seconds, until the end of the block.

    Running work is finished, not cancelled: drivers lose a connection that is cancelled while it opens.
    """
    stopped = asyncio.Event()

    async def work_on() -> None:
        while not stopped.is_set():
            await work()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), every)

    task = asyncio.create_task(work_on())
    try:
        yield
    finally:
        stopped.set()
        await task
