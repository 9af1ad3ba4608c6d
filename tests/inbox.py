"""A mailbox for tests: the mails of an application with `MAIL_URL=file:///…`, their links and codes."""

from quart_auth_app.testing import Outbox as Inbox
from quart_auth_app.testing import links_in, text_of

__all__ = ["Inbox", "links_in", "text_of"]
