"""Finds people fast among a million: by number, or by the beginning of an address, a name, or a name's last word.

Each has an index (migration 0012), and a page continues after the last row of the previous page. So each page takes the
same time. `directory.page` also finds text in the middle of names, but it reads the whole table.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, func, literal, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.accounts.history import activity
from quart_auth_app.models import User
from quart_auth_app.operations import directory
from quart_auth_app.operations.directory import NoSuchUser

PAGE = 50
"""People on one page."""

HIGHEST = "\U0010ffff"
"""The last character of Unicode, also in byte order."""

MAX_KEY = 64
"""How many characters of a name are in the indexes."""

KEYS: dict[str, dict[str, ColumnElement[Any]]] = {
    "sqlite": {
        "email": literal_column("email_key"),
        "name": literal_column("substr(lower(name), 1, 64)"),
        "last": literal_column("substr(lower(replace(name, rtrim(name, replace(name, ' ', '')), '')), 1, 64)"),
    },
    "postgresql": {
        "email": literal_column('email_key COLLATE "C"'),
        "name": literal_column('(substr(lower(name), 1, 64)) COLLATE "C"'),
        "last": literal_column(
            "(substr(lower(replace(name, rtrim(name, replace(name, ' ', '')), '')), 1, 64)) COLLATE \"C\""
        ),
    },
}
"""The keys to search by, in this order; the same expressions as in the indexes."""


@dataclass(frozen=True)
class Page:
    """Some people, and the value of `after` for the next page, None for the last page."""

    users: Sequence[User]
    next: str | None


async def page(db: AsyncSession, *, search: str = "", after: str = "") -> Page:
    """Return up to PAGE people: all by number, or those that match `search`. An invalid `after` begins anew."""
    kind, _, number = after.rpartition("-")
    behind = activity.number(number) or 0
    if not search or not search.isprintable():
        users = await directory.page(db, after=behind, limit=PAGE + 1) if not search else []
        return _page(users, "all")
    with suppress(NoSuchUser):
        return Page([await directory.named(db, who=search)], None)
    return await _beginning(db, search, kind, behind)


async def _beginning(db: AsyncSession, search: str, kind: str, behind: int) -> Page:
    keys = KEYS[db.get_bind().dialect.name]
    kinds = [*keys]
    for each in kinds[kinds.index(kind) if kind in kinds else 0 :]:
        found = await _of_kind(db, keys[each], _begins(each, search), behind=behind if each == kind else 0)
        result = _page(found, each)
        if result.next or (result.users and each == kinds[-1]):
            return result
        if result.users:
            return Page(result.users, f"{kinds[kinds.index(each) + 1]}-0")
    return Page([], None)


def _begins(kind: str, search: str) -> ColumnElement[str]:
    if kind == "email":
        return literal(email_addresses.key(search), String)
    return func.lower(literal(search[:MAX_KEY], String))


async def _of_kind(
    db: AsyncSession, key: ColumnElement[Any], first: ColumnElement[str], *, behind: int
) -> Sequence[User]:
    query = select(User).where(key >= first, key < first + literal(HIGHEST, String))
    last = await db.scalar(select(key).select_from(User).where(User.id == behind)) if behind else None
    if last is None:
        return (await db.scalars(query.order_by(key, User.id).limit(PAGE + 1))).all()
    # Two statements, each for one range of the index: one with OR would read all equal names before `behind`.
    reached = literal(last, String)
    same = query.where(key == reached, User.id > behind).order_by(User.id).limit(PAGE + 1)
    found = (await db.scalars(same)).all()
    others = query.where(key > reached).order_by(key, User.id).limit(PAGE + 1 - len(found))
    return [*found, *(await db.scalars(others))] if len(found) <= PAGE else found


def _page(users: Sequence[User], kind: str) -> Page:
    return Page(users[:PAGE], f"{kind}-{users[PAGE - 1].id}" if len(users) > PAGE else None)
