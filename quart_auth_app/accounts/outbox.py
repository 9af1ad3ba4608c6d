"""The outbox: a mail is asked for in the transaction of the act that it is about, and sent afterwards by `mail/`.

Functions that write here don't know whether mail is on: the session does. Where it is off, nothing is written.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.models import Mail

DOMAIN = "mail_domain"
"""The key in a session's `info` of the domain that Message-IDs end with; it is not there where mail is off."""

LINK_LASTS = timedelta(hours=1)
"""How long it is tried to send a mail with a link: who asked for it has given up waiting by then."""

NOTICE_LASTS = timedelta(days=3)
"""How long it is tried to send any other: what it tells is worth knowing later too."""


class NoSuchMail(AccountError):
    """No mail in the outbox has this number."""


def is_on(db: AsyncSession) -> bool:
    """Tell whether mail is sent here."""
    return DOMAIN in db.info


async def queue(
    db: AsyncSession,
    *,
    kind: str,
    to: str,
    now: datetime,
    lasts: timedelta = NOTICE_LASTS,
    user_id: int | None = None,
    sign_up_id: int | None = None,
    **params: str | int,
) -> None:
    """Ask for a mail of this kind to be sent once the transaction is committed. Where mail is off, do nothing.

    `params` must not hold a secret: tokens and codes are made when the mail is sent.
    """
    if not is_on(db):
        return
    mail = Mail(
        kind=kind,
        to_address=to,
        user_id=user_id,
        sign_up_id=sign_up_id,
        params=params,
        message_id=f"<{secrets.token_hex(16)}@{db.info[DOMAIN]}>",
        created_at=now,
        due_at=now,
        give_up_at=now + lasts,
    )
    db.add(mail)
    await db.flush()


async def waiting(db: AsyncSession) -> list[Mail]:
    """Return every mail that is not sent yet, failed ones too, oldest first."""
    return list(await db.scalars(select(Mail).order_by(Mail.id)))


async def count(db: AsyncSession) -> tuple[int, int, datetime | None]:
    """Return how many mails wait, how many have failed, and since when the oldest waits."""
    is_waiting = Mail.failed.is_(None)
    query = select(
        func.count().filter(is_waiting), func.count().filter(~is_waiting), func.min(Mail.created_at).filter(is_waiting)
    )
    row = (await db.execute(query.select_from(Mail))).one()
    return row[0], row[1], row[2]


async def retry(db: AsyncSession, *, mail_id: int | None, now: datetime) -> int:
    """Try a failed mail once more, or all of them. Return how many there are. Raises NoSuchMail."""
    which = Mail.failed.is_not(None) if mail_id is None else Mail.id == mail_id
    again = {"failed": None, "due_at": now, "attempts": 0, "give_up_at": now + LINK_LASTS}
    numbers = (await db.scalars(update(Mail).where(which).values(again).returning(Mail.id))).all()
    if mail_id is not None and not numbers:
        raise NoSuchMail
    return len(numbers)


async def prune(db: AsyncSession, *, now: datetime) -> None:
    """Delete mails that have failed for longer than an operator is given to see them."""
    await db.execute(delete(Mail).where(Mail.failed.is_not(None), Mail.give_up_at <= now - timedelta(days=14)))
