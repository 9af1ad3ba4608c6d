"""Trying mails again that could not be sent, on the admin pages."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import activity, double_clicks, outbox
from quart_auth_app.accounts.outbox import NoSuchMail
from quart_auth_app.operations.acts import Admin
from quart_auth_app.operations.directory import MAX_ID


async def retry(db: AsyncSession, *, number: int | None, by: Admin, now: datetime) -> None:
    """Try the failed mail of this number again, or all. The admin's activity tells of it. Raises NoSuchMail."""
    if number is not None and number > MAX_ID:
        raise NoSuchMail
    if await outbox.retry(db, mail_id=number, now=now):
        await activity.note(db, user_id=by.user_id, kind="admin_retry_mail", browser=by.browser, now=now)
        await double_clicks.store(db, by.browser, number=number or 0, now=now)
