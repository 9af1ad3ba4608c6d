"""Clients that ask for more than the network's buffers hold, and read none of it, or too little."""

import asyncio
import socket
from contextlib import suppress

from quart import Quart

import quart_auth_app
from attacks.attack import Verdict
from attacks.slow import PROMPT, stop_watching, watch
from attacks.victims import Site

EACH = 5
"""Connections of each kind."""
LARGE = 8_000_000
"""Bytes: twice what Linux buffers for a server."""
LIMIT = 110.0
"""Seconds in which each has to be cut off: 60 for one answer, 15 without a byte, 15 for what is left, and a margin."""
PAUSE = 2.0
ESTABLISHED = 1
REQUEST = b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"

KINDS = {"reads nothing": (b"", 0), "reads nothing, goes on asking": (REQUEST, 0), "reads a little": (b"", 4096)}
"""What is sent, and how many bytes are read, every two seconds."""


def create_app() -> Quart:
    """Return the application with a large page of the site's own."""
    app = quart_auth_app.create_app()
    app.add_url_rule("/large", "large", lambda: LARGE * "x")
    return app


async def run(site: Site) -> Verdict:
    """Open all connections and see which the server has cut off within the limit."""
    watching = asyncio.create_task(watch(site))
    names = [name for name in KINDS for _ in range(EACH)]
    ended = await asyncio.gather(*(_is_cut_off(site, *KINDS[name]) for name in names))
    slowest = await stop_watching(watching)
    held = sorted({name for name, over in zip(names, ended, strict=True) if not over})
    finding = f"held open: {'; '.join(held)}" if held else "all cut off"
    return Verdict(bool(held) or slowest > PROMPT, len(names), f"{finding}; / in at most {slowest * 1000:.0f} ms")


async def _is_cut_off(site: Site, again: bytes, most: int) -> bool:
    loop = asyncio.get_running_loop()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(LIMIT):
                await loop.sock_connect(client, ("127.0.0.1", site.port))
                await loop.sock_sendall(client, REQUEST)
                while _is_open(client):
                    await asyncio.sleep(PAUSE)
                    await loop.sock_sendall(client, again)
                    if most:
                        await loop.sock_recv(client, most)
        return not _is_open(client)


def _is_open(client: socket.socket) -> bool:
    # The connection's state, tcp_info's first byte. Reading would tell too, but these clients must not read.
    return client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == ESTABLISHED
