"""The outbox: a mail is asked for in the transaction of the act that it is about, and sent afterwards by `mail/`.

Functions that write here don't know whether mail is on: the session does. Where it is off, nothing is written.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import AccountError, MailOff
from quart_auth_app.models import Mail

DOMAIN = "mail_domain"
"""The key in a session's `info` of the domain that Message-IDs end with; it is not there where mail is off."""

LINK_LASTS = timedelta(hours=1)
"""How long it is tried to send a mail with a link: who asked for it has given up waiting by then."""

NOTICE_LASTS = timedelta(days=3)
"""How long it is tried to send any other: what it tells is worth knowing later too."""


class NoSuchMail(AccountError):
    """No mail with this number has failed."""


def info(sender: str | None) -> dict[str, object]:
    """Return what the `info` of a database's sessions holds where `sender` sends mail, or None does."""
    return {DOMAIN: sender.rpartition("@")[2]} if sender else {}


def is_on(db: AsyncSession) -> bool:
    """Tell whether mail is sent here."""
    return DOMAIN in db.info


def insist(db: AsyncSession) -> None:
    """Go on only where mail is sent. Raises MailOff."""
    if not is_on(db):
        raise MailOff


def new_message_id(db_info: Mapping[Any, Any]) -> str:
    """Return a Message-ID at the sender's domain."""
    return f"<{secrets.token_hex(16)}@{db_info[DOMAIN]}>"


async def queue(
    db: AsyncSession,
    *,
    kind: str,
    to: str,
    now: datetime,
    lasts: timedelta = NOTICE_LASTS,
    user_id: int | None = None,
    sign_up_id: int | None = None,
    browser: Browser | None = None,
    language: str | None = None,
    **params: str | int,
) -> None:
    """Ask for a mail of this kind to be sent once the transaction is committed. Where mail is off, do nothing.

    `browser` is what did the thing that the mail tells. `language` is that of who asks for the mail themselves:
    it counts where none is known of the recipient.

    `params` must not hold a secret: tokens and codes are made when the mail is sent.
    """
    if not is_on(db):
        return
    if browser:
        params |= {"browser": browser.name, "address": browser.address}
    if language:
        params |= {"language": language}
    mail = Mail(
        kind=kind,
        to_address=to,
        user_id=user_id,
        sign_up_id=sign_up_id,
        params=params,
        message_id=new_message_id(db.info),
        created_at=now,
        due_at=now,
        give_up_at=now + lasts,
    )
    db.add(mail)
    await db.flush()


async def page(db: AsyncSession, *, after: int = 0, limit: int) -> Sequence[Mail]:
    """Return the first `limit` unsent mails with numbers above `after`, failed ones too, oldest first."""
    return (await db.scalars(select(Mail).where(Mail.id > after).order_by(Mail.id).limit(limit))).all()


async def count(db: AsyncSession) -> tuple[int, int, datetime | None]:
    """Return how many mails wait, how many have failed, and since when the oldest waits."""
    is_waiting = Mail.failed.is_(None)
    query = select(
        func.count().filter(is_waiting), func.count().filter(~is_waiting), func.min(Mail.created_at).filter(is_waiting)
    )
    row = (await db.execute(query.select_from(Mail))).one()
    return row[0], row[1], row[2]


async def failed(db: AsyncSession) -> Sequence[int]:
    """Return the numbers of all mails that have failed, oldest first."""
    # Sorted here: for ORDER BY, SQLite would read the mails that wait, too, instead of the index of those that failed.
    return sorted((await db.scalars(select(Mail.id).where(Mail.failed.is_not(None)))).all())


async def retry(db: AsyncSession, numbers: Sequence[int], *, now: datetime) -> int:
    """Try those of these mails once more that have failed. Return how many there are.

    Not one that waits: it may be on its way at this moment, and would be sent twice.
    """
    again = {"failed": None, "due_at": now, "attempts": 0, "give_up_at": now + LINK_LASTS}
    # Not one that another act has locked, such as the deletion of its user, which may need another of these mails.
    free = select(Mail.id).where(Mail.id.in_(numbers), Mail.failed.is_not(None)).with_for_update(skip_locked=True)
    query = update(Mail).where(Mail.id.in_(free)).values(again).returning(Mail.id)
    return len((await db.scalars(query.execution_options(synchronize_session=False))).all())


def expired(now: datetime) -> ColumnElement[bool]:
    """Tell mails that have failed for longer than an operator is given to see them from the others."""
    return and_(Mail.failed.is_not(None), Mail.give_up_at <= now - timedelta(days=14))
