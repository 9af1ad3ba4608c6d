"""The ways that mails leave: by SMTP, into a folder, or to standard output."""

import os
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from quart_auth_app.mail.errors import Delayed, Refused, Unanswered, Unreachable
from quart_auth_app.mail.smtp import Smtp
from quart_auth_app.mail_urls import MailUrl

__all__ = [
    "Delayed",
    "Folder",
    "Refused",
    "Smtp",
    "StandardOutput",
    "Transport",
    "Unanswered",
    "Unreachable",
    "transport",
]


class Transport(Protocol):
    """A way to send mails."""

    async def send(self, message: EmailMessage, *, sender: str, recipient: str) -> None:
        """Send the mail, or raise Unreachable, Refused or Delayed."""

    async def check(self) -> None:
        """Check whether mail can be sent, without sending any. Raises Unreachable."""


def transport(url: MailUrl, *, site: str) -> Transport:
    """Return the transport for MAIL_URL. `site` is the site's URL; its host is our name in SMTP's EHLO."""
    if url.is_smtp:
        return Smtp(url, host=urlsplit(site).hostname or "localhost")
    return Folder(Path(url.folder)) if url.scheme == "file" else StandardOutput()


class Folder:
    """A folder in which each mail becomes a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: EmailMessage, *, sender: str, recipient: str) -> None:
        """Write the mail. The file's name is the Message-ID, so that a mail that is sent again is one file."""
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._folder / f"{name}.eml"
            file = os.open(path.with_suffix(".new"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(file, "wb") as open_file:
                open_file.write(message.as_bytes())
            path.with_suffix(".new").replace(path)
        except OSError as error:
            raise Unreachable(f"{self._folder}: {error.strerror}") from None

    async def check(self) -> None:
        """Check whether the folder is writable, or could be created, without creating it."""
        nearest = next(each for each in (self._folder, *self._folder.parents) if os.access(each, os.F_OK))
        if not os.access(f"{nearest}/.", os.W_OK | os.X_OK):  # with the dot it fails for a file
            raise Unreachable(f"{nearest}: not a folder that can be written to")


class StandardOutput:
    """Standard output, for development: every flow can be tried in a terminal."""

    async def send(self, message: EmailMessage, *, sender: str, recipient: str) -> None:
        """Print the mail's text."""
        part = message.get_body(("plain",))
        text = part.get_content() if part else ""
        written = f"\n--- mail to {message['To']}: {message['Subject']}\n\n{text}---\n"
        if sys.stdout is None or sys.stdout.closed:
            raise Unreachable("standard output is closed")
        try:
            sys.stdout.write(written)
            sys.stdout.flush()
        except OSError as error:  # for example, its reader has ended
            raise Unreachable(f"standard output: {error.strerror}") from None

    async def check(self) -> None:
        """There is nothing to check."""
