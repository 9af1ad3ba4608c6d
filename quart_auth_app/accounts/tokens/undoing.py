"""The links that undo a change of address."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.tokens.lifetimes import UNDO, is_valid
from quart_auth_app.models import MailToken


async def undo_until(db: AsyncSession, *, user_id: int, now: datetime) -> datetime | None:
    """Return until when a change of address can be undone by a mailed link; None if it can't."""
    return await db.scalar(select(func.max(MailToken.expires_at)).where(*_can_undo(user_id), is_valid(UNDO, now)))


async def void_undo(db: AsyncSession, *, user_id: int, since: datetime) -> None:
    """Delete the undo links of the change whose links expire at `since`, and of all later changes.

    Those of earlier changes stay: the earliest address is the most likely to be the owner's.
    """
    await db.execute(delete(MailToken).where(*_can_undo(user_id), MailToken.expires_at >= since))


def _can_undo(user_id: int) -> list[ColumnElement[bool]]:
    return [MailToken.user_id == user_id, MailToken.purpose == UNDO, MailToken.used_at.is_(None)]
