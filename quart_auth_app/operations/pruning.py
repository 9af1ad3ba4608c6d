"""Deletes expired rows in small batches, so that other writers wait only for one batch."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, inspect, select

from quart_auth_app.accounts import access_keys, email_changes, outbox, sessions, tokens
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.logging_in import mailed_log_in, pending_log_ins
from quart_auth_app.accounts.signing_up import sign_ups
from quart_auth_app.accounts.throttling import throttle
from quart_auth_app.database.units_of_work import UnitsOfWork
from quart_auth_app.models import (
    AccessKey,
    Attempts,
    Base,
    EmailChange,
    Mail,
    MailedLogIn,
    MailToken,
    PendingLogIn,
    SecurityEvent,
    Session,
    SignUp,
)
from quart_auth_app.progress import Tell, nobody

BATCH = 500
"""Rows that one transaction deletes."""

FOUND_AT_ONCE = 50_000
"""How many keys of expired rows are held in memory: a few megabytes."""

EXPIRED: tuple[tuple[type[Base], Callable[[datetime], ColumnElement[bool]]], ...] = (
    (Session, sessions.expired),
    (AccessKey, access_keys.expired),
    (Attempts, throttle.expired),
    (PendingLogIn, pending_log_ins.expired),
    (SecurityEvent, activity.expired),
    (MailToken, tokens.expired),
    (SignUp, sign_ups.expired),
    (EmailChange, email_changes.expired),
    (MailedLogIn, mailed_log_in.expired),
    (Mail, outbox.expired),
)
"""Every table whose rows expire, and the condition for expired ones."""

SEARCHED_BY_NUMBER = {Session, AccessKey}
"""Tables where no one column tells which rows have expired: all rows are looked at, a few at a time. Indexes for each
part of the condition would cost each log-in and each use more than this costs in an hour."""

LOOKED_AT_ONCE = 10_000
"""Numbers of rows that one statement looks at in these tables: some ten milliseconds."""


async def prune(database: UnitsOfWork, *, now: datetime, tell: Tell = nobody) -> None:
    """Delete expired sessions and keys, log-ins that nobody finished, past counts of attempts, old events, old mail.

    Expired rows are searched without a lock. The condition is checked again in the DELETE, because a row may be active
    again by then: a new attempt restarts a count.
    """
    for done, (model, expired) in enumerate(EXPIRED):
        tell(done, len(EXPIRED))
        search = _by_number if model in SEARCHED_BY_NUMBER else _by_index
        async for keys in search(database, model, expired(now)):
            await _delete(database, model, keys, expired(now))


async def _by_index(
    database: UnitsOfWork, model: type[Base], expired: ColumnElement[bool]
) -> AsyncIterator[Sequence[Any]]:
    # Not ORDER BY the key: for that SQLite reads all rows in the key's order, instead of the index of the expired ones.
    query = select(_key(model)).where(expired).limit(FOUND_AT_ONCE)
    before: Sequence[Any] = ()
    while keys := await _keys(database, query):
        if keys == before:
            return  # they stay, whatever the reason: a site's own trigger, for example
        yield keys
        before = keys


async def _by_number(
    database: UnitsOfWork, model: type[Base], expired: ColumnElement[bool]
) -> AsyncIterator[Sequence[Any]]:
    key = _key(model)
    ends = select(select(func.min(key)).scalar_subquery(), select(func.max(key)).scalar_subquery())
    async with database.reading() as db:
        lowest, highest = (await db.execute(ends)).one()
    if lowest is None:
        return
    for first in range(lowest, highest + 1, LOOKED_AT_ONCE):
        yield await _keys(database, select(key).where(key.between(first, first + LOOKED_AT_ONCE - 1), expired))


async def _keys(database: UnitsOfWork, query: Select[Any]) -> Sequence[Any]:
    async with database.reading() as db:
        return (await db.scalars(query)).all()


async def _delete(database: UnitsOfWork, model: type[Base], keys: Sequence[Any], expired: ColumnElement[bool]) -> None:
    key = _key(model)
    for first in range(0, len(keys), BATCH):
        # A row that an act has locked is left for the next time: the act may need another row of this batch.
        free = select(key).where(key.in_(keys[first : first + BATCH]), expired).with_for_update(skip_locked=True)
        batch = delete(model).where(key.in_(free))
        async with database.transaction() as db:
            await db.execute(batch.execution_options(synchronize_session=False))


def _key(model: type[Base]) -> ColumnElement[Any]:
    return inspect(model).primary_key[0]
