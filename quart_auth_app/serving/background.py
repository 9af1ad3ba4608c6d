"""What lasts from the server's start to its end, in a task of its own.

In a task it is also taken down where nobody says that the end has come: `quart run` cancels all tasks before it loads
changed code. An async generator, such as `while_serving` takes, would then be closed from outside while it waits.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from quart_auth_app.serving.refused_start import told_in_a_sentence


class Background:
    """A context manager that is entered by `begin` and left by `end`, as often as wanted."""

    def __init__(self, lasting: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        self._lasting = lasting

    async def begin(self) -> None:
        """Start the task; return when all is ready. Raises what kept it from being ready, a SystemExit to a server."""
        self._ready = asyncio.get_running_loop().create_future()
        self._over = asyncio.Event()
        self._task = asyncio.create_task(self._last())
        with told_in_a_sentence():
            await self._ready

    async def end(self) -> None:
        """Return when all is taken down."""
        self._over.set()
        await self._task

    async def _last(self) -> None:
        try:
            async with self._lasting():
                self._ready.set_result(None)
                await self._over.wait()
        except Exception as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)
