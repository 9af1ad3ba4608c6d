"""Work that is done again and again while the application is served."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def repeated(work: Callable[[], Awaitable[None]], *, every: float) -> AsyncIterator[None]:
    """Do `work` now and every so many seconds, until the end of the block.

    What is under way then is finished and not cut off: drivers lose a connection that is cut off while it opens.
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
