"""Letters: the same in text and HTML, in ASCII, with links that no program on the way breaks."""

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from quart_auth_app.accounts.errors import InvalidEmail
from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.mail import letters
from quart_auth_app.mail.letters import AddressNotSendable, Code, Letter, Link, Paragraph

URL = f"https://example.com/confirm?{'abcdefghijklmnopqrstuvwxyz' * 2}"
LETTER = Letter("Bücher & <Söhne>: confirm", [Paragraph("ü < & > " * 30), Link(URL), Code("A<B")])


def sent(to: str = "bob@example.com") -> EmailMessage:
    """Return the letter as a mail."""
    return letters.message(
        LETTER,
        to=to,
        sender="accounts@example.com",
        site_name="Bücher, Söhne",
        message_id="<1@example.com>",
        now=datetime(2030, 1, 1, tzinfo=UTC),
    )


def test_both_parts_are_ascii_with_the_same_links_literally_in_the_bytes() -> None:
    raw = sent().as_bytes()
    assert raw.isascii()
    assert raw.count(URL.encode()) == 3  # once in the text, twice in the HTML
    assert f"\r\n{URL}\r\n".encode() in raw, "alone on its line"
    assert max(map(len, raw.split(b"\r\n"))) < 998
    assert b"quoted-printable" not in raw
    parsed = message_from_bytes(raw, policy=SMTP)
    assert [part["Content-Transfer-Encoding"] for part in parsed.iter_parts()] == ["7bit", "7bit"]


def test_html_is_escaped_and_fetches_nothing() -> None:
    page = letters.as_html(LETTER)
    assert "<code>A&lt;B</code>" in page
    assert "B&#252;cher &amp; &lt;S&#246;hne&gt;" in page
    assert "color-scheme" in page
    assert not re.search(r"<(img|script|link|iframe)|src=|url\(|background|[^-]color:", page)


def test_the_headers_keep_machines_from_answering() -> None:
    mail = sent()
    assert list(mail.keys()) == [
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
        "MIME-Version", "Content-Type",
    ]  # fmt: skip
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["From"].addresses[0].addr_spec == "accounts@example.com"
    assert mail["From"].addresses[0].display_name == "Bücher, Söhne"


@pytest.mark.asvs("1.3.11")
def test_a_comma_makes_no_second_recipient() -> None:
    mail = sent("a@b, c@example.com")
    assert len(mail["To"].addresses) == 1
    assert len(message_from_bytes(mail.as_bytes(), policy=SMTP)["To"].addresses) == 1


@settings(deadline=None)
@given(to=some.emails() | some.text(max_size=60).map(lambda local: f"{local}@example.com"))
def test_whatever_address_is_accepted_its_mail_has_one_recipient_or_is_not_made(to: str) -> None:
    try:
        mail = sent(to := email_addresses.validated(to))
    except (InvalidEmail, AddressNotSendable):
        return
    assert [header.lower() for header in mail].count("to") == 1
    (parsed,) = message_from_bytes(mail.as_bytes(policy=SMTPUTF8), policy=SMTPUTF8)["To"].addresses
    assert parsed.addr_spec.encode("utf-8", "surrogateescape").decode() == letters.recipient(to)


@pytest.mark.asvs("1.3.11")
@pytest.mark.parametrize("to", ["bob\r\nBcc: eve@example.com@example.com", "bob@example.com\nX: y"])
def test_a_line_break_in_an_address_is_never_sent(to: str) -> None:
    with pytest.raises(AddressNotSendable):
        sent(to)


def test_a_domain_beyond_ascii_is_written_as_servers_read_it() -> None:
    assert letters.recipient("bob@exämple.com") == "bob@xn--exmple-cua.com"
    assert b"bob@xn--exmple-cua.com" in sent("bob@exämple.com").as_bytes()


@pytest.mark.parametrize("at", ["\uff20", "\ufe6b"])
def test_an_address_that_was_taken_over_with_another_at_sign_or_spaces_gets_its_mail(at: str) -> None:
    """The tutorial's application has checked none. Who logs in types an @, and finds the account by it."""
    assert email_addresses.key(f" Bob{at}exämple.com ") == email_addresses.key("bob@exämple.com")
    assert letters.recipient(f" Bob{at}exämple.com ") == "Bob@xn--exmple-cua.com"
    assert b"\r\nTo: bob@example.com\r\n" in sent(f"bob{at}example.com").as_bytes()
    assert letters.recipient(" bob@example.com ") == "bob@example.com"
