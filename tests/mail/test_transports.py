"""How mail leaves: by SMTP to a server that takes, delays or refuses it, hangs or is not there; and into a folder."""

import asyncio
import os
import ssl
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import IO, Any

import pytest
from aiosmtpd.controller import Controller

from quart_auth_app.mail import letters, smtp
from quart_auth_app.mail.letters import Letter, Paragraph
from quart_auth_app.mail.transports import Delayed, Folder, Refused, Smtp, StandardOutput, Unreachable
from quart_auth_app.mail_urls import MailUrl
from tests.servers import free_port

FROM = "accounts@example.com"


class Handler:
    """A mail server's mind."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []
        self.to_recipient = "250 OK"
        self.to_data = "250 OK"
        self.pause = 0.0

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802  # aiosmtpd's name
        """Take or refuse a recipient."""
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        """Take or refuse a mail."""
        await asyncio.sleep(self.pause)
        if self.to_data.startswith("250"):
            self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return self.to_data


@pytest.fixture
def handler() -> Handler:
    """What the server does."""
    return Handler()


@contextmanager
def serving(handler: Handler, **options: Any) -> Iterator[MailUrl]:
    """Run a mail server on this machine, without TLS."""
    port = free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port, **options)
    controller.start()
    yield MailUrl(scheme="smtp", host="127.0.0.1", port=port)
    controller.stop()


@pytest.fixture
def url(handler: Handler) -> Iterator[MailUrl]:
    """A mail server that takes ASCII only."""
    with serving(handler, enable_SMTPUTF8=False) as url:
        yield url


def mail(to: str = "bob@example.com") -> EmailMessage:
    """Return a mail."""
    now = datetime(2030, 1, 1, tzinfo=UTC)
    letter = Letter("Hello", [Paragraph("Hello.")])
    made = letters.message(letter, to=to, sender=FROM, site_name="Site", message_id="<1@example.com>", now=now)
    made.set_boundary("the same each time")
    return made


async def send(url: MailUrl, to: str = "bob@example.com") -> None:
    """Send one."""
    await Smtp(url, host="localhost").send(mail(to), sender=FROM, recipient=letters.recipient(to))


async def test_a_mail_arrives_as_it_was_written_at_one_recipient(url: MailUrl, handler: Handler) -> None:
    await send(url)
    ((sender, recipients, content),) = handler.taken
    assert (sender, recipients) == (FROM, ["bob@example.com"])
    assert content == mail().as_bytes()


async def test_the_machines_certificates_are_read_once_for_all_mails(
    url: MailUrl, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(url)
    monkeypatch.delattr(ssl, "create_default_context")
    await send(url)
    assert len(handler.taken) == 2


@pytest.mark.parametrize(("reply", "kind"), [("550 no such user", Refused), ("451 greylisted", Delayed)])
@pytest.mark.parametrize("stage", ["to_recipient", "to_data"])
async def test_what_the_server_answers_decides(
    url: MailUrl, handler: Handler, stage: str, reply: str, kind: type[Exception]
) -> None:
    setattr(handler, stage, reply)
    with pytest.raises(kind, match=reply):
        await send(url)


async def test_an_address_beyond_ascii_needs_a_server_that_takes_it(url: MailUrl, handler: Handler) -> None:
    with pytest.raises(Refused, match="SMTPUTF8"):
        await send(url, "bøb@example.com")
    await send(url, "bob@bücher.example")
    with serving(handler, enable_SMTPUTF8=True) as other:
        await send(other, "bøb@bücher.example")
    assert [to for _, to, _ in handler.taken] == [["bob@xn--bcher-kva.example"], ["bøb@xn--bcher-kva.example"]]
    assert "\r\nTo: bøb@xn--bcher-kva.example\r\n".encode() in handler.taken[1][2]


@pytest.mark.parametrize(
    "to", ["a,b@example.com", "a b@example.com", '"a, c"@example.com', "<a>@example.com", "a;b@c.example"]
)
async def test_whatever_stands_in_an_address_there_is_one_recipient(url: MailUrl, handler: Handler, to: str) -> None:
    with suppress(Refused, letters.AddressNotSendable):
        await send(url, to)
    assert all(len(recipients) == 1 for _, recipients, _ in handler.taken)
    assert all(content.count(b"\r\nTo: ") == 1 for _, _, content in handler.taken)


async def test_a_slow_server_is_waited_for(url: MailUrl, handler: Handler) -> None:
    handler.pause = 0.3
    await send(url)
    assert len(handler.taken) == 1


async def test_a_server_that_hangs_delays_one_mail(
    url: MailUrl, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "ACCEPTING", 0.3)
    handler.pause = 30
    with pytest.raises(Delayed):
        await send(url)


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    url = MailUrl(scheme="smtp", host="127.0.0.1", port=free_port())
    with pytest.raises(Unreachable):
        await send(url)
    with pytest.raises(Unreachable):
        await Smtp(url, host="localhost").check()


async def test_no_mail_goes_unencrypted_to_another_machine(
    url: MailUrl, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MailUrl, "may_go_without_tls", False)
    with pytest.raises(Unreachable, match="STARTTLS"):
        await send(url)
    assert handler.taken == []


async def test_a_check_sends_nothing(url: MailUrl, handler: Handler) -> None:
    await Smtp(url, host="localhost").check()
    assert handler.taken == []


async def test_a_mail_in_a_folder_is_for_its_owners_eyes_and_one_file_however_often_sent(tmp_path: Path) -> None:
    for _ in range(2):
        await Folder(tmp_path / "out").send(mail(), sender=FROM, recipient="bob@example.com")
    (file,) = (tmp_path / "out").iterdir()
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (mail().as_bytes(), 0o600)
    (tmp_path / "file").touch()
    with pytest.raises(Unreachable):
        await Folder(tmp_path / "file").send(mail(), sender=FROM, recipient="bob@example.com")


@contextmanager
def closed(how: str) -> Iterator[IO[str] | None]:
    """Give a standard output that nobody reads any more."""
    if how == "from the start":
        yield None
        return
    reader, writer = os.pipe()
    os.close(reader)
    output = os.fdopen(writer, "w")
    if how == "by us":
        output.close()
    yield output
    with suppress(BrokenPipeError):
        output.close()


@pytest.mark.parametrize("how", ["from the start", "by us", "by its reader"])
async def test_mail_waits_while_standard_output_is_closed(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with closed(how) as output, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", output)
        with pytest.raises(Unreachable, match="standard output"):
            await StandardOutput().send(mail(), sender=FROM, recipient="bob@example.com")
