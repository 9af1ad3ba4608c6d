"""hypercorn's time limits for connections, kept by one task for each connection, and for all that may hold one up.

Seen in 0.18.0; not reported. hypercorn starts up to three tasks for each request to keep its limits. It keeps a
connection that its client has closed until the limit for idle ones has passed, and for ever one whose client reads no
answer.
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
"""The limit where hypercorn is not told one, as hypercorn's own is none: a site need not bring our hypercorn.toml."""

FLUSH_SECONDS = 15
"""What a client may take for what is left of its answers, once its connection is to be closed."""


RESERVED = 1200
"""Descriptors that are left for the database, files, and the connections that asyncio takes in one go (the backlog)."""

_open: set["Connection"] = set()
_idle: dict["Connection", None] = {}
"""Those that wait for a request, the longest first."""


def most() -> int:
    """Return how many connections this process serves at once: fewer than it has descriptors."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(limit - RESERVED, limit // 2)


class Connection(TCPServer):
    """One connection: `keep_alive_timeout` and `read_timeout` of hypercorn.toml mean what they mean in hypercorn."""

    _idle_since: float | None = None
    """By the event loop's clock; None while a request is answered."""
    _reading_since: float | None = None
    """None while the client is not listened to, as an earlier request of its is not answered yet."""

    _open: asyncio.Timeout | None = None

    async def run(self) -> None:
        """Serve the connection. Beyond `most` the one that was idle for longest makes room, or else this one goes."""
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
        """Take note of the beginning and end of requests; hypercorn does the rest."""
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
            self._open = None  # also where the server ends and cancels this: `_close` may not touch it then
        await self.protocol.handle(Closed())
        await self.idle_task.stop()

    async def _idle_timeout(self) -> None:
        # hypercorn starts this with the connection, and is not asked again to do so.
        self._idle_since = self.loop.time()
        self._is_idle(True)
        while (seconds := self._seconds_left()) > 0 and not self.context.terminated.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.context.terminated.wait()
        if self._idle_since is None and self.context.terminated.is_set() and not self._is_owed_a_body():
            return  # hypercorn closes it after the answer
        await asyncio.shield(self._initiate_server_close())
        await asyncio.sleep(FLUSH_SECONDS)
        self._cut_off()

    def _cut_off(self) -> None:
        # Without this option the kernel keeps what is left of the answers, megabytes, and goes on trying for minutes.
        with suppress(OSError):
            self.writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        self.writer.transport.abort()

    async def _close(self) -> None:
        end = self.loop.call_later(FLUSH_SECONDS, self._cut_off)
        await super()._close()
        end.cancel()
        if self._open:  # hypercorn may wait for ever to hand on what came after a request that was not answered
            self._open.reschedule(self.loop.time())

    def _is_owed_a_body(self) -> bool:
        # Whoever has not sent all of a request has asked for nothing yet, and the end of the server waits for nobody.
        protocol = self.protocol.protocol
        return isinstance(protocol, H11Protocol) and protocol.connection.their_state is h11.SEND_BODY

    def _seconds_left(self) -> float:
        now = self.loop.time()
        limits = (
            (self._idle_since, self.config.keep_alive_timeout),
            (self._reading_since, self.config.read_timeout or READ_SECONDS),
        )
        return min(limit if since is None else since + limit - now for since, limit in limits)


def keep_by_one_task() -> None:
    """Put it in place of hypercorn's own, in the process that serves."""
    if is_for("hypercorn", "our keeping of time limits", VERSIONS):
        run.TCPServer = Connection  # type: ignore[attr-defined]  # hypercorn has no setting for it
