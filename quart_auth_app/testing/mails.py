"""The mail that an application sends in tests."""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest


@dataclass
class Outbox:
    """The mails of an application whose MAIL_URL is `url`."""

    folder: Path

    @property
    def url(self) -> str:
        """The MAIL_URL for this outbox."""
        return f"file://{self.folder}"

    @property
    def mails(self) -> list[EmailMessage]:
        """Every mail, oldest first."""
        files = sorted(self.folder.glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
        return [message_from_bytes(file.read_bytes(), policy=SMTP) for file in files]

    def to(self, address: str) -> list[EmailMessage]:
        """Return the mails to one address, oldest first."""
        return [mail for mail in self.mails if mail["To"].addresses[0].addr_spec == address]

    def last(self, address: str) -> EmailMessage:
        """Return the newest mail to an address."""
        return self.to(address)[-1]

    def link(self, address: str, path: str = "") -> str:
        """Return path and query of the first link, or the first to `path`, in the newest mail to an address."""
        links = [each for each in links_in(text_of(self.last(address))) if each.startswith(path)]
        return links[0]

    def code(self, address: str) -> str:
        """Return the code in the newest mail to an address."""
        found = re.search(r"^ {4}(\w{6,8})\r?$", text_of(self.last(address)), re.M)
        if not found:
            raise LookupError("there is no code in this mail")
        return found[1]


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """Return a mail's text, or its HTML."""
    part = mail.get_body((kind,))
    return str(part.get_content()) if part else ""


def links_in(text: str) -> list[str]:
    """Return the paths and queries of all links, each of which is alone on its line."""
    return re.findall(r"^https?://[^/\s]+(/\S*)\r?$", text, re.M)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    """Return an outbox for an application with the setting MAIL_URL = `outbox.url`."""
    return Outbox(tmp_path / "outbox")
