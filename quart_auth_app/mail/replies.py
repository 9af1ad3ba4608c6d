"""What a mail server's reply means for the mail, and how it is told to operators."""

import base64
import re
from collections.abc import Sequence

import aiosmtplib

from quart_auth_app.mail.errors import Delayed, Refused, Unreachable
from quart_auth_app.mail_urls import MailUrl

TEMPORARY = 400
"""From this code on, SMTP's replies are refusals."""

PERMANENT = range(500, 600)
"""SMTP's reply codes for a refusal for good (RFC 5321, 4.2.1)."""

LOG_IN_FIRST = 530
"""The server wants TLS (RFC 3207) or a password (RFC 4954) before it takes any mail."""

MAX_LENGTH = 200
"""Longest text of a reply that is kept, in characters."""

_TOKEN = re.compile("[a-z2-7]{40,}", re.IGNORECASE)
"""A token of a mailed link, also in the middle: filters quote the addresses that they dislike."""


def meaning(error: Exception, hidden: Sequence[str] = (), *, plain: bool = True) -> Refused | Delayed | Unreachable:
    """Return what an error of handing a mail over means. `plain` is False for an address that needs SMTPUTF8."""
    text = in_words(error, hidden)
    if not isinstance(error, aiosmtplib.SMTPResponseException):
        return Delayed(text)
    # All mails have the same sender, so where it is refused none of them can go.
    is_about_all = isinstance(error, aiosmtplib.SMTPSenderRefused) and plain
    if error.code == LOG_IN_FIRST or (is_about_all and error.code in PERMANENT):
        return Unreachable(text)
    return (Refused if error.code in PERMANENT else Delayed)(text)


def hidden_of(url: MailUrl) -> list[str]:
    """Return the password in the forms in which AUTH sends it: some servers repeat what they don't understand."""
    if not url.password:
        return []
    secrets = (f"\0{url.user}\0{url.password}", url.password)  # the longest first: it may contain the others
    return [*(base64.b64encode(each.encode()).decode() for each in secrets), url.password]


def in_words(error: Exception, hidden: Sequence[str] = ()) -> str:
    """Return the reply or the error in one line of printable characters, without these secrets and without tokens."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        text = f"{error.code} {error.message}".strip()
    else:
        text = str(error) or type(error).__name__
    for secret in hidden:
        text = text.replace(secret, "***")
    text = _TOKEN.sub("***", text)
    # A byte that is no UTF-8 has become a lone surrogate, which no database stores; PostgreSQL stores no NUL either.
    text = "".join(each if each.isprintable() else "\ufffd" for each in " ".join(text.split()))
    return text[:MAX_LENGTH]
