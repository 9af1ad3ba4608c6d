"""A client for attacks: sends what it is told, and draws no conclusions from what comes back."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from attacks.victims import Site

FORM = "application/x-www-form-urlencoded"
PATIENCE = 30
"""Seconds in which every connection has to end: read and keep-alive timeout 15 s, body timeout 10 s, and a margin."""


@dataclass(frozen=True)
class Answer:
    """A response; status 0 stands for none."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return the value of the first header of this name, empty if there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def cookies(self) -> str:
        """Return what a browser would send back as Cookie."""
        return "; ".join(value.partition(";")[0] for key, value in self.headers if key == "set-cookie")


async def send(
    site: Site, method: str, path: str, body: bytes = b"", *, source: str = "127.0.0.1", **headers: str
) -> Answer:
    """Send one request, from the loopback address `source`; `Content_Type=` becomes the header Content-Type."""
    lines = {"Host": f"127.0.0.1:{site.port}", "Connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    if body or method == "POST":
        lines["Content-Length"] = str(len(body))
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    received, _ = await exchange(site, head.encode("latin-1") + b"\r\n" + body, source=source)
    return _parsed(received)


async def post(
    site: Site, path: str, fields: Mapping[str, str], *, source: str = "127.0.0.1", **headers: str
) -> Answer:
    """Send a form."""
    return await send(site, "POST", path, urlencode(fields).encode(), source=source, Content_Type=FORM, **headers)


async def exchange(site: Site, data: bytes, *, source: str = "127.0.0.1") -> tuple[bytes, bool]:
    """Send `data` as it is; return all that comes back, and whether the server ended the connection in time."""
    received = b""
    writer = None
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", site.port, local_addr=(source, 0))
            writer.write(data)
            while more := await reader.read(65536):
                received += more
    except TimeoutError:
        return received, False
    except OSError:
        pass  # the server has closed the connection before all was sent
    finally:
        if writer:
            writer.close()
    return received, True


def _parsed(response: bytes) -> Answer:
    head, _, body = response.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    status = first.split(" ")[1:2]
    return Answer(int(status[0]) if status else 0, [(name.lower(), value.strip()) for name, _, value in pairs], body)
