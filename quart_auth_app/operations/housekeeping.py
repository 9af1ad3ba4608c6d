"""What accumulates is thrown away here."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import sessions, throttle


async def prune(db: AsyncSession, *, now: datetime) -> None:
    """Delete expired sessions and past counts of attempts."""
    await sessions.prune(db, now=now)
    await throttle.prune(db, now=now)
