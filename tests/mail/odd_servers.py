"""A mail server that answers as it is told to, however odd, and on request with TLS."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

from quart_auth_app.mail_urls import MailUrl

ANSWERS = {"greeting": b"220 hello", "EHLO": b"250 hello", "DATA": b"354 go on", "content": b"250 taken"}
"""What a usual server says to a step of SMTP, where that is not "250 OK". The steps in capitals are commands."""

HANG = b"hang"
CLOSE = b"close"
"""Instead of an answer: none, or an end of the connection."""

PASSWORD = "correct horse"  # the server takes any


class OddServer:
    """Its answers to steps, and what it was given."""

    def __init__(self, answers: Mapping[str, bytes] = {}) -> None:
        self.answers = {**ANSWERS, **answers}
        self.given: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk to one client."""
        with suppress(ConnectionError, asyncio.CancelledError), closing(writer):
            is_going_on = await self._answer(writer, "greeting")
            while is_going_on and (line := await reader.readline()):
                step = line.split()[0].decode().upper()
                is_going_on = await self._answer(writer, step)
                if step == "DATA" and is_going_on and self.answers["DATA"].startswith(b"354"):
                    self.given.append(await reader.readuntil(b"\r\n.\r\n"))
                    is_going_on = await self._answer(writer, "content")

    async def _answer(self, writer: asyncio.StreamWriter, step: str) -> bool:
        answer = self.answers.get(step, b"250 OK")
        if answer == HANG:
            await asyncio.sleep(60)
        if answer in {HANG, CLOSE}:
            return False
        writer.write(answer + b"\r\n")
        await writer.drain()
        return True


@asynccontextmanager
async def serving(server: OddServer, *, certificate: Path | None = None, user: str = "") -> AsyncIterator[MailUrl]:
    """Let it serve on this machine, with TLS from the first byte where it has a certificate (and its key)."""
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    before = asyncio.all_tasks()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    try:
        yield MailUrl(
            scheme="smtps" if certificate else "smtp",
            host="127.0.0.1",
            port=listening.sockets[0].getsockname()[1],
            user=user,
            password=PASSWORD if user else "",
        )
    finally:
        listening.close()
        hanging = asyncio.all_tasks() - before
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        await asyncio.sleep(0)
