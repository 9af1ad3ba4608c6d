"""A web server that checks nothing: the broken build for the attack by raw sockets."""

import asyncio
import sys
from urllib.parse import unquote

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ERROR = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
PATIENCE = 2
"""Seconds to wait for the next request."""


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request after the other: the first Content-Length counts, Transfer-Encoding doesn't."""
    try:
        while line := await asyncio.wait_for(reader.readline(), PATIENCE):
            length = 0
            while header := (await reader.readline()).strip():
                if header.lower().startswith(b"content-length:") and not length:
                    length = int(header.partition(b":")[2].split(b",")[0])
            await reader.readexactly(length)
            print(unquote(line.decode("latin-1")), flush=True)
            writer.write(OK)
    except (ValueError, asyncio.IncompleteReadError):
        writer.write(ERROR)
    except TimeoutError:
        pass  # no further request
    writer.close()


async def main(port: int) -> None:
    """Serve until terminated."""
    async with await asyncio.start_server(serve, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
