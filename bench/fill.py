"""Fills the application's database with SQL: a million sign-ups by form would take too long."""

import asyncio
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import insert, make_url, select

from bench import people
from quart_auth_app.accounts import sessions
from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Base, Session, User

CHUNK = 20_000
"""Rows in a transaction."""

AHEAD = timedelta(hours=1)
"""How far in the future `last_seen_at` of the sessions of `log_in` is, so that no measured page has to update it."""

Rows = Iterator[dict[str, Any]]


def add_users(url: str, count: int) -> None:
    """Upgrade the schema and add `count` users, all with the same password."""
    asyncio.run(_insert(url, User, _users(count, asyncio.run(Passwords().hash(people.PASSWORD)))))


def add_sessions(url: str, count: int) -> None:
    """Give each of the first `count` users a session, whose token nobody knows."""
    asyncio.run(_insert(url, Session, _sessions(count)))


def log_in(url: str, *, count: int, users: int) -> list[str]:
    """Start a session for each of `count` users, spread over the whole table, and return the tokens."""
    return asyncio.run(_log_in(url, count, users))


async def _insert(url: str, model: type[Base], rows: Rows) -> None:
    database = Database(make_url(url))
    await database.schema.upgrade()
    while chunk := list(islice(rows, CHUNK)):
        async with database.transaction() as db:
            await (await db.connection()).execute(insert(model), chunk)
    await database.close()


def _users(count: int, password_hash: str) -> Rows:
    for number in range(count):
        email = people.email(number)
        yield {
            "email": email,
            "email_key": email_addresses.key(email),
            "password": password_hash,
            "name": f"Person {number}",
        }


def _sessions(count: int) -> Rows:
    now = datetime.now(UTC)
    for number in range(count):
        yield {
            "token_hash": secrets.token_hex(32),
            "user_id": number + 1,
            "created_at": now,
            "last_seen_at": now,
            "authenticated_at": now,
            "remember": True,
            "address": people.address(number),
            "user_agent": "bench",
        }


async def _log_in(url: str, count: int, users: int) -> list[str]:
    database = Database(make_url(url))
    emails = [people.email(number * users // count) for number in range(count)]
    now = datetime.now(UTC) + AHEAD
    async with database.transaction() as db:
        found = (await db.scalars(select(User).where(User.email.in_(emails)))).all()
        started = [
            await sessions.start(
                db, user=user, remember=True, address="10.0.0.1", user_agent="bench", now=now, replaces=None
            )
            for user in found
        ]
    await database.close()
    return [each.token for each in started if each]  # none is None: nobody else uses these accounts
