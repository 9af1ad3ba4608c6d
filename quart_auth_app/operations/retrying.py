"""Trying mails again that could not be sent."""

from datetime import datetime

from quart_auth_app.accounts import double_clicks, outbox
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.outbox import NoSuchMail
from quart_auth_app.database.units_of_work import UnitsOfWork
from quart_auth_app.operations.acts import Admin
from quart_auth_app.operations.directory import MAX_ID

BATCH = 500
"""Mails that one transaction changes: other writers wait for one batch only."""


async def retry(database: UnitsOfWork, *, number: int, by: Admin | None, now: datetime) -> None:
    """Try the failed mail of this number again. The admin's activity tells of it. Raises NoSuchMail."""
    if number > MAX_ID:
        raise NoSuchMail
    async with database.transaction() as db:
        if by:
            await by.insist(db)
        if not await outbox.retry(db, [number], now=now):
            raise NoSuchMail
        if by:
            await activity.note(db, user_id=by.user_id, kind="admin_retry_mail", browser=by.browser, now=now)
            await double_clicks.store(db, by.browser, number=number, now=now)


async def retry_all(database: UnitsOfWork, *, by: Admin | None, now: datetime) -> int:
    """Try all failed mails again. Return how many there were. The admin's activity tells of it.

    If that breaks off, the others are still listed as failed, and a click does them.
    """
    async with database.reading() as db:
        numbers = await outbox.failed(db)
    count = 0
    for first in range(0, len(numbers), BATCH):
        async with database.transaction() as db:
            if by:
                await by.insist(db)
            retried = await outbox.retry(db, numbers[first : first + BATCH], now=now)
            if by and retried and not count:
                await activity.note(db, user_id=by.user_id, kind="admin_retry_mail", browser=by.browser, now=now)
            count += retried
            if by and count and first + BATCH >= len(numbers):
                await double_clicks.store(db, by.browser, number=0, now=now)
    return count
