"""Postfix takes our mail and delivers it: `.ci/mail` starts it, and TEST_MAIL_SERVER names its folder."""

import asyncio
import os
import re
import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from quart_auth_app import mail_urls
from quart_auth_app.mail import letters
from quart_auth_app.mail.letters import Letter, Link, Paragraph
from quart_auth_app.mail.transports import Refused, Smtp, Unreachable
from tests.inbox import links_in, text_of
from tests.people import BOB
from tests.servers import running

FROM = "accounts@mail.test"
LINK = "https://example.com/reset-password?" + "a2" * 26
LETTER = Letter("Choose a new password", [Paragraph("Hello, with an ü and a \N{EURO SIGN}."), Link(LINK)])


@pytest.fixture
def folder() -> Path:
    """The server's folder."""
    named = os.environ.get("TEST_MAIL_SERVER")
    if not named and not os.environ.get("CI"):
        pytest.skip("needs TEST_MAIL_SERVER, the folder of .ci/mail")
    assert named, "TEST_MAIL_SERVER is not set"
    return Path(named)


def connection(folder: Path, *, url: str = "url", password: str | None = None, checked: bool = True) -> Smtp:
    """Return a way to the server whose certificate is checked, as any other machine's is."""
    address = (folder / url).read_text().strip()
    if password:
        address = re.sub(r"(?<=accounts:)\w+", password, address)
    parsed = mail_urls.parsed(address)
    assert parsed
    trusted = ssl.create_default_context(cafile=folder / "certificate.pem" if checked else None)
    return Smtp(parsed, host="localhost", tls=trusted)


async def send(smtp: Smtp, to: str, number: str) -> EmailMessage:
    """Send a mail and return it."""
    message = letters.message(
        LETTER, to=to, sender=FROM, site_name="Site", message_id=f"<{number}@mail.test>", now=datetime.now(UTC)
    )
    await smtp.send(message, sender=FROM, recipient=letters.recipient(to))
    return message


async def delivered(folder: Path, local: str, text: str) -> EmailMessage:
    """Wait for the mail with this text, and return it from the mailbox."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        for file in (folder / "mailbox" / local / "new").glob("*"):
            if text.encode() in file.read_bytes():
                return message_from_bytes(file.read_bytes(), policy=SMTP)
        await asyncio.sleep(0.05)
    raise AssertionError(f"it was not delivered: {(folder / 'mail.log').read_text()[-2000:]}")


@pytest.mark.parametrize("url", ["url", "url-tls"])
async def test_a_mail_goes_by_tls_and_a_password_and_is_read_in_the_mailbox(folder: Path, url: str) -> None:
    number = os.urandom(8).hex()
    sent = await send(connection(folder, url=url), "bob@example.com", number)
    mail = await delivered(folder, "bob", number)
    assert mail["Return-Path"] == f"<{FROM}>"
    assert " with ESMTPSA " in str(mail["Received"]), "S for TLS, A for the password (RFC 3848)"
    assert [mail[name] for name in sent] == [sent[name] for name in sent]
    assert text_of(mail) == text_of(sent).replace("\r\n", "\n")
    assert LINK in text_of(mail, "html")


async def test_an_address_beyond_ascii_is_delivered(folder: Path) -> None:
    number = os.urandom(8).hex()
    await send(connection(folder), "bøb@example.com", number)
    await delivered(folder, "bøb", number)
    # The file itself: Python 3.13 would write the header in another way than it came.
    files = [file.read_text("utf-8") for file in (folder / "mailbox" / "bøb" / "new").glob("*")]
    assert any(number in text and "\nTo: bøb@example.com\n" in text.replace("\r\n", "\n") for text in files)


async def test_who_has_no_mailbox_there_is_refused_for_good(folder: Path) -> None:
    with pytest.raises(Refused, match=r"^550 "):
        await send(connection(folder), "eve@example.com", "1")


@pytest.mark.parametrize("url", ["url", "url-tls"])
async def test_a_wrong_password_and_a_wrong_certificate_stop_all_mail(folder: Path, url: str) -> None:
    await connection(folder, url=url).check()
    for wrong, said in ({"password": "wrong"}, "535"), ({"checked": False}, "certificate"):
        with pytest.raises(Unreachable, match=said):
            await connection(folder, url=url, **wrong).check()
        with pytest.raises(Unreachable, match=said):
            await send(connection(folder, url=url, **wrong), "bob@example.com", "1")


@pytest.mark.parametrize("url", ["url", "url-tls"])
@pytest.mark.parametrize("password", [None, "wrong"])
async def test_the_socket_is_closed_at_once(folder: Path, url: str, password: str | None) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with suppress(Unreachable):
        await connection(folder, url=url, password=password).check()
    await asyncio.sleep(0)  # less than the server takes to agree on the end of TLS
    assert len(os.listdir("/proc/self/fd")) <= before


async def test_somebody_signs_up_by_a_mail_that_was_really_delivered(folder: Path, tmp_path: Path) -> None:
    name = f"The site {os.urandom(4).hex()}"
    settings = {
        "MAIL_URL_FILE": str(folder / "url"),
        "MAIL_FROM": FROM,
        "PUBLIC_URL": "http://localhost:8000",
        "SITE_NAME": name,
        "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite",
    }
    with running(tmp_path, settings) as server:
        visitor = server.visitor()
        await asyncio.to_thread(visitor.post, "/signup", BOB)
        mail = await delivered(folder, "bob", name)
        (link,) = (each for each in links_in(text_of(mail)) if each.startswith("/confirm"))
        token = link.partition("?")[2]
        await asyncio.to_thread(visitor.post, "/confirm", {"token": token})
        answer = await asyncio.to_thread(visitor.post, "/login", BOB)
    assert answer.headers["Location"] == "/profile"
