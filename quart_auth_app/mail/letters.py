"""Letters: a list of blocks, from which a mail's text part and HTML part are made.

A letter contains no text that a stranger typed, neither a name nor a user agent: otherwise a stranger who signs up with
somebody's address could send them a text of their own.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

import idna

from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.languages import ENGLISH, Language

WIDTH = 72
"""Longest line of the text part in characters. A link is alone on its line and not broken."""


@dataclass(frozen=True)
class Paragraph:
    """A few sentences in English; `{name}` stands for a value. They are translated when the mail is made."""

    text: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """A URL to open. HTML shows the URL itself, so that both parts say the same."""

    url: str


@dataclass(frozen=True)
class Code:
    """A code to type."""

    text: str


Block = Paragraph | Link | Code


@dataclass(frozen=True)
class Letter:
    """A subject and blocks, in one language."""

    subject: str
    blocks: Sequence[Block]
    language: Language = ENGLISH


class AddressNotSendable(Exception):
    """The address can't be written in a mail; the message says why."""


def as_text(letter: Letter) -> str:
    """Return the letter's text part; English is pure ASCII."""
    paragraphs = [
        textwrap.fill(_said(each, letter.language), WIDTH, break_long_words=False, break_on_hyphens=False)
        if isinstance(each, Paragraph)
        else _plain(each)
        for each in letter.blocks
    ]
    return _in_ascii("\n\n".join(paragraphs) + "\n", letter, "replace")


def as_html(letter: Letter) -> str:
    """Return the letter's HTML part; English is pure ASCII. It has no images, no remote content and no colours."""
    language = letter.language
    body = "\n".join(_html(each, language) for each in letter.blocks)
    direction = ' dir="rtl"' if language.direction == "rtl" else ""
    page = (
        f'<!DOCTYPE html>\n<html lang="{language.code}"{direction}>\n<head>\n<meta charset="{_charset(letter)}">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(letter.subject)}</title>\n</head>\n"
        f'<body style="font-family: sans-serif; max-width: 36em; overflow-wrap: anywhere">\n{body}\n</body>\n</html>\n'
    )
    return _in_ascii(page, letter, "xmlcharrefreplace")


def _charset(letter: Letter) -> str:
    return "us-ascii" if letter.language is ENGLISH else "utf-8"


def _in_ascii(text: str, letter: Letter, errors: str) -> str:
    return text.encode("ascii", errors).decode() if letter.language is ENGLISH else text


def _said(paragraph: Paragraph, language: Language) -> str:
    return language.translated(paragraph.text, **paragraph.values)


def _plain(block: Link | Code) -> str:
    return block.url if isinstance(block, Link) else f"    {block.text}"


def _html(block: Block, language: Language) -> str:
    if isinstance(block, Paragraph):
        lines = textwrap.wrap(escape(_said(block, language)), WIDTH, break_long_words=False, break_on_hyphens=False)
        return "\n".join(["<p>", *lines, "</p>"])
    if isinstance(block, Link):
        return f'<p><a href="{escape(block.url)}">{escape(block.url)}</a></p>'
    return f'<p style="font-size: 1.5em; letter-spacing: 0.1em"><code>{escape(block.text)}</code></p>'


def message(letter: Letter, *, to: str, sender: str, site_name: str, message_id: str, now: datetime) -> EmailMessage:
    """Return the complete mail. Raises AddressNotSendable."""
    made = EmailMessage(policy=SMTP)
    made["From"] = Address(site_name, addr_spec=sender)
    made["To"] = _address(to)
    made["Subject"] = letter.subject
    made["Date"] = format_datetime(now)
    made["Message-ID"] = message_id
    # RFC 3834, and Exchange's header for the same: no automatic replies.
    made["Auto-Submitted"] = "auto-generated"
    made["X-Auto-Response-Suppress"] = "All"
    # 7bit, because quoted-printable would break links and turn = into =3D. Text beyond ASCII is sent in base64, where
    # links stay whole too.
    charset = _charset(letter)
    encoding = "7bit" if letter.language is ENGLISH else "base64"
    made.set_content(as_text(letter), charset=charset, cte=encoding)
    made.add_alternative(as_html(letter), subtype="html", charset=charset, cte=encoding)
    return made


def recipient(to: str) -> str:
    """Return the envelope address, with the domain's A-label. Raises AddressNotSendable."""
    return _address(to).addr_spec


def _address(to: str) -> Address:
    # Built from its parts: a parser would read “a@b, c@d” as two addresses, and encode a domain beyond ASCII wrongly.
    local, _, domain = email_addresses.with_at(to).rpartition("@")
    try:
        label = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
        return Address(username=local, domain=label)
    except (ValueError, IndexError) as error:
        raise AddressNotSendable(f"the address can't be written in a mail: {error}") from None
