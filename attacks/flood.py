"""`python -m attacks.flood PORT CONNECTIONS`: guess from one address on many kept-alive connections, until it is ended.

In a process of its own, so that what it costs does not slow down those whose wait is measured.
"""

import asyncio
import resource
import sys
from urllib.parse import urlencode

SOURCE = "127.0.0.2"
BODY = urlencode({"email": "nobody@example.com", "password": "a guess"}).encode()
REQUEST = (
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
) + BODY


async def connection(port: int) -> None:
    """Send the next guess as soon as the last one is answered."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(SOURCE, 0))
            while True:
                writer.write(REQUEST)
                head = await reader.readuntil(b"\r\n\r\n")
                _, _, length = head.lower().partition(b"content-length:")
                await reader.readexactly(int(length.split(b"\r\n")[0]))
        except (OSError, ValueError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.1)


async def flood(port: int, connections: int) -> None:
    """Keep all connections busy."""
    await asyncio.gather(*(connection(port) for _ in range(connections)))


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(flood(int(sys.argv[1]), int(sys.argv[2])))
