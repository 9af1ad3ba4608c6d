"""Sends mails by SMTP."""

import asyncio
import functools
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTPUTF8

import aiosmtplib

from quart_auth_app.mail import replies
from quart_auth_app.mail.errors import Delayed, Refused, Unanswered, Unreachable
from quart_auth_app.mail_urls import MailUrl

TIMEOUT = 6.0
"""Seconds in which the server has to be ready for the mail's content."""

ACCEPTING = 60.0
"""Seconds for its answer to the whole mail. Breaking off earlier would deliver the mail again: Exchange may wait for 30
seconds before it answers, and RFC 5321 (4.5.3.2.6) asks for 10 minutes."""

LEAVING = 1.0
"""Seconds for saying goodbye."""


class Smtp:
    """A mail server, with a connection for each mail."""

    def __init__(self, url: MailUrl, *, host: str, tls: ssl.SSLContext | None = None) -> None:
        self._url = url
        self._host = host
        self._tls = tls
        self._hidden = replies.hidden_of(url)

    async def send(self, message: EmailMessage, *, sender: str, recipient: str) -> None:
        """Send the mail."""
        client = self._client()
        ready_until = asyncio.get_running_loop().time() + TIMEOUT
        try:
            async with asyncio.timeout_at(ready_until):
                await self._connect(client)
            await self._hand_over(client, message, sender, recipient, ready_until)
            await _quit(client)
        except TimeoutError:
            raise Unreachable(f"no answer within {TIMEOUT:g} seconds") from None
        finally:
            _end(client)

    async def check(self) -> None:
        """Connect with TLS, log in, and disconnect."""
        client = self._client()
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._connect(client)
            await _quit(client)
        except TimeoutError:
            raise Unreachable(f"no answer within {TIMEOUT:g} seconds") from None
        finally:
            _end(client)

    async def _connect(self, client: aiosmtplib.SMTP) -> None:
        try:
            await client.connect()
            if self._url.user:
                await client.login(self._url.user, self._url.password)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            if isinstance(error, TimeoutError):
                raise TimeoutError from None
            raise Unreachable(replies.in_words(error, self._hidden)) from None

    async def _hand_over(
        self, client: aiosmtplib.SMTP, message: EmailMessage, sender: str, recipient: str, ready_until: float
    ) -> None:
        plain = recipient.isascii()
        content = message.as_bytes(policy=message.policy if plain else SMTPUTF8)
        try:
            async with asyncio.timeout_at(ready_until):
                await _envelope(client, sender, recipient)
            await _content(client, content)
        except TimeoutError:
            raise Delayed(f"no answer within {TIMEOUT:g} seconds") from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise replies.meaning(error, self._hidden, plain=plain) from None

    def _client(self) -> aiosmtplib.SMTP:
        url = self._url
        required = True if url.scheme == "smtp" else None
        return aiosmtplib.SMTP(
            hostname=url.host,
            port=url.port,
            local_hostname=self._host,  # otherwise aiosmtplib asks DNS for this machine's name, and waits
            timeout=TIMEOUT,
            use_tls=url.scheme == "smtps",
            # For a server on this machine, TLS is used if it is offered, with any certificate.
            start_tls=None if url.may_go_without_tls and required else required or False,
            tls_context=self._tls or _context(checked=not url.may_go_without_tls),
        )


@functools.cache
def _context(*, checked: bool) -> ssl.SSLContext:
    # Made once: reading the machine's certificates takes 20 ms, in which the worker answers nobody.
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not checked:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _end(client: aiosmtplib.SMTP) -> None:
    # client.close(), which client.quit() calls too, keeps the socket open until the server agrees to end TLS, or the
    # event loop ends. abort() closes it now.
    transport = client.transport
    client.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


async def _envelope(client: aiosmtplib.SMTP, sender: str, recipient: str) -> None:
    if recipient.isascii():
        await client.mail(sender)
        await client.rcpt(recipient)
        return
    if client.is_ehlo_or_helo_needed:  # after STARTTLS, or with TLS from the first byte
        await client.ehlo()
    if not client.supports_extension("smtputf8"):
        raise Refused("the mail server takes no addresses beyond ASCII (SMTPUTF8)")
    await client.mail(sender, options=["SMTPUTF8", "BODY=8BITMIME"], encoding="utf-8")
    await client.rcpt(recipient, encoding="utf-8")


async def _content(client: aiosmtplib.SMTP, message: bytes) -> None:
    try:
        async with asyncio.timeout(ACCEPTING):
            await client.data(message, timeout=ACCEPTING)
    except TimeoutError:
        raise Unanswered(f"no answer to the whole mail within {ACCEPTING:g} seconds") from None
    except aiosmtplib.SMTPServerDisconnected:
        raise Unanswered("the mail server has hung up without an answer to the whole mail") from None
    except aiosmtplib.SMTPResponseException as error:
        if error.code >= replies.TEMPORARY:
            raise
        raise Unanswered(replies.in_words(error)) from None  # nonsense, or a yes with another code


async def _quit(client: aiosmtplib.SMTP) -> None:
    # What had to be done is done, so whatever the server makes of QUIT is ignored.
    with suppress(aiosmtplib.SMTPException, OSError):  # of which TimeoutError is one
        async with asyncio.timeout(LEAVING):
            await client.execute_command(b"QUIT")
