"""hypercorn keeps a connection for ever whose client doesn't read answers.

Seen in 0.18.0; not reported. It keeps a connection that its client has closed until the idle limit, and starts up to
three tasks for each request to enforce its limits. With this fix there are limits everywhere, and one task for each
connection enforces them.
"""

import asyncio
import resource
import socket
import struct
from contextlib import suppress

import h11
from hypercorn.asyncio import run
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h11 import H11Protocol

from quart_auth_app.third_party import is_for

VERSIONS = ("0.18.0",)

READ_SECONDS = 15
"""Default of `read_timeout`, as hypercorn's default is no limit, and a site may not use our hypercorn.toml."""

FLUSH_SECONDS = 15
"""Seconds for a client to read the rest of its answers before its connection is cut off."""


RESERVED = 1200
"""Descriptors kept free for the database, files, and connections that asyncio accepts in one go (the backlog)."""

_open: set["Connection"] = set()
_idle: dict["Connection", None] = {}
"""Connections that wait for a request, the one that has waited longest first."""


def most() -> int:
    """Return how many connections this process serves at once: fewer than its file descriptors."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(limit - RESERVED, limit // 2)


class Connection(TCPServer):
    """One connection. `keep_alive_timeout` and `read_timeout` of hypercorn.toml mean what they mean in hypercorn."""

    _idle_since: float | None = None
    """Since when it is idle, by the event loop's clock; None while a request is answered."""
    _reading_since: float | None = None
    """Since when it waits for data; None while it doesn't read, because an earlier request is not answered yet."""

    _open: asyncio.Timeout | None = None

    async def run(self) -> None:
        """Serve the connection. Beyond `most` close the one that has been idle longest, or without any this one."""
        if len(_open) >= most():
            if not _idle:
                self.writer.transport.abort()
                return
            longest = next(iter(_idle))
            longest._is_idle(False)
            longest.writer.transport.abort()
        _open.add(self)
        try:
            await super().run()
        finally:
            _open.discard(self)
            self._is_idle(False)

    def _is_idle(self, idle: bool) -> None:
        _idle.pop(self, None)
        if idle:
            _idle[self] = None

    async def protocol_send(self, event: Event) -> None:
        """Record when requests begin and end; hypercorn does the rest."""
        if isinstance(event, Updated):
            self._idle_since = self.loop.time() if event.idle else None
            self._is_idle(event.idle)
        else:
            await super().protocol_send(event)

    async def _read_data(self) -> None:
        try:
            async with asyncio.timeout(None) as self._open:
                while not self.reader.at_eof():
                    self._reading_since = self.loop.time()
                    try:
                        data = await self.reader.read(MAX_RECV)
                    except OSError:
                        break
                    self._reading_since = None
                    await self.protocol.handle(RawData(data))
        except TimeoutError:
            pass
        finally:
            self._open = None  # also if this is cancelled at the server's end: `_close` must not use it then
        await self.protocol.handle(Closed())
        await self.idle_task.stop()

    async def _idle_timeout(self) -> None:
        # hypercorn starts this task with the connection; it is started only once.
        self._idle_since = self.loop.time()
        self._is_idle(True)
        while (seconds := self._seconds_left()) > 0 and not self.context.terminated.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.context.terminated.wait()
        if self._idle_since is None and self.context.terminated.is_set() and not self._is_owed_a_body():
            return  # hypercorn closes the connection after the answer
        await asyncio.shield(self._initiate_server_close())
        await asyncio.sleep(FLUSH_SECONDS)
        self._cut_off()

    def _cut_off(self) -> None:
        # Without this option the kernel keeps the unsent data, perhaps megabytes, and tries to send it for minutes.
        with suppress(OSError):
            self.writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        self.writer.transport.abort()

    async def _close(self) -> None:
        end = self.loop.call_later(FLUSH_SECONDS, self._cut_off)
        await super()._close()
        end.cancel()
        if self._open:  # hypercorn may wait for ever to pass on data that follows an unanswered request
            self._open.reschedule(self.loop.time())

    def _is_owed_a_body(self) -> bool:
        # An incomplete request has asked for nothing yet, so the server's end doesn't wait for the rest of it.
        protocol = self.protocol.protocol
        return isinstance(protocol, H11Protocol) and protocol.connection.their_state is h11.SEND_BODY

    def _seconds_left(self) -> float:
        now = self.loop.time()
        limits = (
            (self._idle_since, self.config.keep_alive_timeout),
            (self._reading_since, self.config.read_timeout or READ_SECONDS),
        )
        return min(limit if since is None else since + limit - now for since, limit in limits)


def fix() -> None:
    """Replace hypercorn's class in the process that serves."""
    if is_for("hypercorn", "our keeping of time limits", VERSIONS):
        run.TCPServer = Connection  # type: ignore[attr-defined]  # hypercorn has no setting for it
