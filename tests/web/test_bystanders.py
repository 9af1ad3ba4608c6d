"""Whatever a person does, by any form, changes no row of anybody else: neither of lower numbers nor of higher ones."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import JSON, Column, LargeBinary, String, Table, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.models import OURS, User
from quart_auth_app.models.base import Base, UtcDateTime
from tests.conftest import services_of
from tests.web.test_second_clicks import FORMS, Filled, Site, clicked, read, site

__all__ = ["site"]  # a fixture

BYSTANDERS = (-1, 1_000_000)
WITH_ACTS_ON_ALL = {"/admin/mail/retry": {"mail"}}
"""Forms that are about everybody's rows, and the tables of these."""

TABLES = [
    table
    for table in Base.metadata.sorted_tables
    if table.name in OURS and any(key.target_fullname == "user.id" for key in table.foreign_keys)
]


def value(column: Column[Any], user_id: int, number: int, site: Site) -> object:
    """Return something that nobody else has in this column."""
    if column.name == "user_id":
        return user_id
    if isinstance(column.type, UtcDateTime):
        return site.time.now + timedelta(hours=1)
    if isinstance(column.type, LargeBinary):
        return f"{user_id} {number}".encode()
    if isinstance(column.type, JSON):
        return {}
    return f"{user_id} {number}" if isinstance(column.type, String) else column.type.python_type(1)


def row(table: Table, user_id: int, number: int, site: Site) -> dict[str, object]:
    """Return a row of a bystander; every second one has nothing where nothing is allowed."""
    return {
        column.name: None if column.nullable and number % 2 else value(column, user_id, number, site)
        for column in table.columns
        if column.name == "user_id" or not (column.primary_key or column.foreign_keys)
    }


async def add_bystanders(db: AsyncSession, site: Site) -> None:
    """Add people with rows in every table that has rows of people."""
    for user_id in BYSTANDERS:
        email = f"{user_id}@example.com"
        db.add(User(id=user_id, email=email, email_key=email, name="Somebody", password="no hash", password_version=0))
        await db.flush()
        for table in TABLES:
            for number in range(1 if table.c.user_id.primary_key else 2):
                await db.execute(insert(table).values(row(table, user_id, number, site)))


async def rows_of_bystanders(db: AsyncSession) -> dict[str, list[Any]]:
    """Return all their rows, by table."""
    found = {"user": list(await db.execute(select(User.__table__).where(User.id.in_(BYSTANDERS)).order_by(User.id)))}
    for table in TABLES:
        query = select(table).where(or_(*(table.c.user_id == each for each in BYSTANDERS)))
        found[table.name] = sorted(await db.execute(query), key=repr)
    return found


@pytest.mark.asvs("8.2.2")
@pytest.mark.parametrize("name", FORMS)
async def test_a_form_changes_no_row_of_anybody_else(site: Site, name: str) -> None:
    filled: Filled = await FORMS[name](site)
    database = services_of(site.app).database
    async with database.transaction() as db:
        await add_bystanders(db, site)
    async with database.reading() as db:
        before = await rows_of_bystanders(db)
    assert all(before.values())
    (response, *_), cookies = await clicked(site, filled, "the cookies of before")
    assert filled.said in (await read(site, response, cookies))[0]
    async with database.reading() as db:
        after = await rows_of_bystanders(db)
    about_all = WITH_ACTS_ON_ALL.get(name, set())
    assert {table: rows for table, rows in after.items() if table not in about_all} == {
        table: rows for table, rows in before.items() if table not in about_all
    }
