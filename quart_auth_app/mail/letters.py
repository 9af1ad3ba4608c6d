"""Letters: one list of blocks, from which the text and the HTML of a mail are made.

Nothing that a stranger typed stands in a letter, neither a name nor a browser's own words: whoever signs up with
another's address must not be able to write to them.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

import idna

WIDTH = 72
"""Characters of a line of text, links excepted: each of those is alone on its line, as long as it is."""


@dataclass(frozen=True)
class Paragraph:
    """A few sentences."""

    text: str


@dataclass(frozen=True)
class Link:
    """An address to open. In HTML it is shown as it is, so that both parts tell the same."""

    url: str


@dataclass(frozen=True)
class Code:
    """A code to type."""

    text: str


Block = Paragraph | Link | Code


@dataclass(frozen=True)
class Letter:
    """A subject and what follows."""

    subject: str
    blocks: Sequence[Block]


class AddressNotSendable(Exception):
    """The address can't stand in a mail; the message says why."""


def as_text(letter: Letter) -> str:
    """Return the letter's text part, in ASCII."""
    paragraphs = [
        textwrap.fill(each.text, WIDTH, break_long_words=False, break_on_hyphens=False)
        if isinstance(each, Paragraph)
        else _plain(each)
        for each in letter.blocks
    ]
    return "\n\n".join(paragraphs).encode("ascii", "replace").decode() + "\n"


def as_html(letter: Letter) -> str:
    """Return the letter's HTML part, in ASCII: no pictures, nothing from elsewhere, no colours of our own."""
    body = "\n".join(map(_html, letter.blocks))
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="us-ascii">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(letter.subject)}</title>\n</head>\n"
        f'<body style="font-family: sans-serif; max-width: 36em">\n{body}\n</body>\n</html>\n'
    )
    return page.encode("ascii", "xmlcharrefreplace").decode()


def _plain(block: Link | Code) -> str:
    return block.url if isinstance(block, Link) else f"    {block.text}"


def _html(block: Block) -> str:
    if isinstance(block, Paragraph):
        return "\n".join(["<p>", *textwrap.wrap(escape(block.text), WIDTH, break_on_hyphens=False), "</p>"])
    if isinstance(block, Link):
        return f'<p><a href="{escape(block.url)}">{escape(block.url)}</a></p>'
    return f'<p style="font-size: 1.5em; letter-spacing: 0.1em"><code>{escape(block.text)}</code></p>'


def message(letter: Letter, *, to: str, sender: str, site_name: str, message_id: str, now: datetime) -> EmailMessage:
    """Return the mail as it is sent. Raises AddressNotSendable."""
    made = EmailMessage(policy=SMTP)
    made["From"] = Address(site_name, addr_spec=sender)
    made["To"] = _address(to)
    made["Subject"] = letter.subject
    made["Date"] = format_datetime(now)
    made["Message-ID"] = message_id
    # RFC 3834, and the same for Exchange: nobody's holiday notice is to answer.
    made["Auto-Submitted"] = "auto-generated"
    made["X-Auto-Response-Suppress"] = "All"
    # 7bit: quoted-printable would break links, and turn the = in them into =3D.
    made.set_content(as_text(letter), charset="us-ascii", cte="7bit")
    made.add_alternative(as_html(letter), subtype="html", charset="us-ascii", cte="7bit")
    return made


def recipient(to: str) -> str:
    """Return the address for the envelope, with the domain's A-label. Raises AddressNotSendable."""
    return _address(to).addr_spec


def _address(to: str) -> Address:
    # The parts one by one: a parser would read “a@b, c@d” as two, and writes letters of a domain as no server reads it.
    local, _, domain = to.rpartition("@")
    try:
        label = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
        return Address(username=local, domain=label)
    except (ValueError, IndexError) as error:
        raise AddressNotSendable(f"the address can't be written in a mail: {error}") from None
