"""People who do nothing while something happens to somebody else, with rows in every table that has rows of people."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import JSON, Column, LargeBinary, String, Table, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.models import OURS, MailedLogIn, SignUp, User
from quart_auth_app.models.base import Base, UtcDateTime

BYSTANDERS = (-2, -1, 1_000_000, 1_000_001)
"""Their numbers, lower and higher than those of the people to whom something happens. The odd ones are disabled."""

TABLES = [
    table
    for table in Base.metadata.sorted_tables
    if table.name in OURS and any(key.target_fullname == "user.id" for key in table.foreign_keys)
]

BEFORE_AN_ACCOUNT = [cast(Table, model.__table__) for model in (SignUp, MailedLogIn)]
"""Tables with rows of people who have no account, or have not shown yet which one."""

COMMON = {"issuer", "purpose"}
"""Columns in which rows of different people have the same value."""


def email_of(user_id: int) -> str:
    """Return an address that stands, like the number, before or after those of the people to whom something happens."""
    return f"{'a' if user_id < 0 else 'z'}{user_id}@example.com"


def version(user_id: int) -> int:
    """Return the version of the person's password: that of a new account, or a later one."""
    return user_id % 2


def value(column: Column[Any], user_id: int, number: int, at: datetime) -> object:
    """Return something that nobody else has in this column."""
    if column.name == "user_id":
        return user_id
    if column.name == "password_version":
        return version(user_id)
    if column.name in {"email", "email_key", "account_key"}:
        return email_of(user_id)
    if isinstance(column.type, UtcDateTime):
        return at
    if isinstance(column.type, LargeBinary):
        return f"{user_id} {number}".encode()
    if isinstance(column.type, JSON):
        return {}
    return f"{user_id} {number}" if isinstance(column.type, String) else column.type.python_type(1)


def row(table: Table, user_id: int, number: int, at: datetime) -> dict[str, object]:
    """Return a row of a person; every second one has nothing where nothing is allowed."""
    return {
        column.name: None if column.nullable and number % 2 else value(column, user_id, number, at)
        for column in table.columns
        if column.name == "user_id" or not (column.primary_key or column.foreign_keys)
    }


async def add_rows(db: AsyncSession, user_id: int, *, at: datetime) -> None:
    """Give a user rows in all tables, in which all times are `at`."""
    for table in TABLES:
        for number in range(1 if table.c.user_id.primary_key else 2):
            alike = {} if number else await _common(db, table)
            await db.execute(insert(table).values(row(table, user_id, number, at) | alike))


async def _common(db: AsyncSession, table: Table) -> dict[str, Any]:
    """Return the values of COMMON in somebody else's newest row."""
    if not (columns := [column for column in table.columns if column.name in COMMON]):
        return {}
    others = select(*columns).where(table.c.user_id.not_in(BYSTANDERS)).order_by(table.c.id.desc()).limit(1)
    found = (await db.execute(others)).mappings().one_or_none()
    return dict(found or {})


async def add_bystanders(db: AsyncSession, *, at: datetime) -> None:
    """Add them, with all times in their rows `at`."""
    for user_id in BYSTANDERS:
        for table in BEFORE_AN_ACCOUNT:
            await db.execute(insert(table).values(row(table, user_id, 0, at) | {"id": user_id}))
        email, disabled_at = email_of(user_id), at if user_id % 2 else None
        person = {"email": email, "email_key": email, "name": "Somebody", "password": "no hash", "verified_at": at}
        db.add(User(id=user_id, disabled_at=disabled_at, password_version=version(user_id), **person))
        await db.flush()
        await add_rows(db, user_id, at=at)


async def rows_of_bystanders(db: AsyncSession) -> dict[str, list[Any]]:
    """Return all their rows, by table."""
    found = {"user": list(await db.execute(select(User.__table__).where(User.id.in_(BYSTANDERS)).order_by(User.id)))}
    for table in TABLES:
        query = select(table).where(or_(*(table.c.user_id == each for each in BYSTANDERS)))
        found[table.name] = sorted(await db.execute(query), key=repr)
    for table in BEFORE_AN_ACCOUNT:
        found[table.name] = list(await db.execute(select(table).where(table.c.id.in_(BYSTANDERS)).order_by(table.c.id)))
    return found
