"""Runs a context manager from the server's start to its end, in a task of its own.

In a task it is left even if the server doesn't announce its end: `quart run` cancels all tasks before it reloads
changed code. An async generator, as `while_serving` takes, would be closed from outside while it waits.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from quart_auth_app.serving.refused_start import told_in_a_sentence


class Background:
    """Enters a context manager in `begin` and leaves it in `end`; can be repeated."""

    def __init__(self, lasting: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        self._lasting = lasting

    async def begin(self) -> None:
        """Start the task; return when the context manager is entered. Raises its error; under a server a SystemExit."""
        self._ready = asyncio.get_running_loop().create_future()
        self._over = asyncio.Event()
        self._task = asyncio.create_task(self._last())
        with told_in_a_sentence():
            await self._ready

    async def end(self) -> None:
        """Leave the context manager, and return when that is done."""
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
