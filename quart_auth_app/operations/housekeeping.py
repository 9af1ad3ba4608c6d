"""Deletes what has expired."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import activity, outbox, pending_log_ins, sessions, sign_ups, throttle, tokens


async def prune(db: AsyncSession, *, now: datetime) -> None:
    """Delete expired sessions, log-ins that nobody finished, past counts of attempts, old events, old mail."""
    await sessions.prune(db, now=now)
    await throttle.prune(db, now=now)
    await pending_log_ins.prune(db, now=now)
    await activity.prune(db, now=now)
    await tokens.prune(db, now=now)
    await sign_ups.prune(db, now=now)
    await outbox.prune(db, now=now)
