"""Sends mails by SMTP."""

import asyncio
import functools
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTPUTF8

import aiosmtplib

from quart_auth_app.mail.errors import Delayed, Refused, Unreachable
from quart_auth_app.mail_urls import MailUrl

TIMEOUT = 6.0
"""Seconds for sending one mail, less than the `graceful_timeout` of hypercorn.toml."""

REFUSED_FOR_GOOD = 500
"""SMTP's reply codes from this one on are permanent (RFC 5321, 4.2.1)."""


class Smtp:
    """A mail server, with a connection for each mail."""

    def __init__(self, url: MailUrl, *, host: str, tls: ssl.SSLContext | None = None) -> None:
        self._url = url
        self._host = host
        self._tls = tls

    async def send(self, message: EmailMessage, *, sender: str, recipient: str) -> None:
        """Send the mail."""
        client = self._client()
        try:
            async with asyncio.timeout(TIMEOUT):
                await _connect(client, self._url)
                await _hand_over(client, message, sender, recipient)
        except TimeoutError:
            raise Delayed(f"no answer within {TIMEOUT:g} seconds") from None
        finally:
            _end(client)

    async def check(self) -> None:
        """Connect with TLS, log in, and disconnect."""
        client = self._client()
        try:
            async with asyncio.timeout(TIMEOUT):
                await _connect(client, self._url)
                await client.execute_command(b"QUIT")
        except aiosmtplib.SMTPException as error:
            raise Unreachable(_one_line(error)) from None
        except TimeoutError:
            raise Unreachable(f"no answer within {TIMEOUT:g} seconds") from None
        finally:
            _end(client)

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


async def _connect(client: aiosmtplib.SMTP, url: MailUrl) -> None:
    try:
        await client.connect()
        if url.user:
            await client.login(url.user, url.password)
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        if isinstance(error, TimeoutError) and not isinstance(error, aiosmtplib.SMTPException):
            raise
        raise Unreachable(_one_line(error)) from None


def _end(client: aiosmtplib.SMTP) -> None:
    # client.close(), which client.quit() calls too, keeps the socket open until the server agrees to end TLS, or the
    # event loop ends. abort() closes it now.
    transport = client.transport
    client.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


async def _hand_over(client: aiosmtplib.SMTP, message: EmailMessage, sender: str, recipient: str) -> None:
    options: list[str] = []
    if not recipient.isascii():
        if not client.supports_extension("smtputf8"):
            raise Refused("the mail server takes no addresses beyond ASCII (SMTPUTF8)")
        options = ["SMTPUTF8", "BODY=8BITMIME"]
        message.policy = SMTPUTF8
    try:
        await client.sendmail(sender, [recipient], message.as_bytes(), mail_options=options)
    except aiosmtplib.SMTPRecipientsRefused as error:
        raise _reply(error.recipients[0]) from None
    except aiosmtplib.SMTPResponseException as error:
        raise _reply(error) from None
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Delayed(_one_line(error)) from None
    with suppress(aiosmtplib.SMTPException, OSError):  # the server has accepted the mail, so ignore errors of QUIT
        await client.execute_command(b"QUIT")


def _reply(error: aiosmtplib.SMTPResponseException) -> Refused | Delayed:
    kind = Refused if error.code >= REFUSED_FOR_GOOD else Delayed
    return kind(f"{error.code} {_one_line(error.message)}")


def _one_line(error: object) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:200]
