"""Looks up users for operators: page by page, or one by number or address."""

from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import ColumnElement, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.models import User
from quart_auth_app.progress import Tell, nobody

MAX_ID = 2**31 - 1
"""The largest number of PostgreSQL's INTEGER; a query with a larger one is an error there."""


AT_ONCE = 20_000
"""How many users one statement reads when all are read; that takes a tenth of a second."""


class NoSuchUser(AccountError):
    """No account has the number or address `who`."""


async def page(
    db: AsyncSession, *, search: str = "", after: int = 0, limit: int, tell: Tell = nobody
) -> Sequence[User]:
    """Return the first `limit` users with numbers above `after`, disabled ones too, oldest first.

    With `search`: the user with this number or address, or else all users with this text in the address or the name.
    The latter reads the whole table, as no index helps: with a million users that takes a second or two.
    """
    query = select(User).where(User.id > after).order_by(User.id).limit(limit)
    if not search:
        return (await db.scalars(query)).all()
    with suppress(NoSuchUser):
        found = await named(db, who=search)
        return [found] if found.id > after else []
    return await _reading_all(db, _contains(search), after=after, limit=limit, tell=tell)


async def _reading_all(
    db: AsyncSession, wanted: ColumnElement[bool], *, after: int, limit: int, tell: Tell
) -> Sequence[User]:
    found: list[User] = []
    last = await db.scalar(select(func.max(User.id))) or 0
    while len(found) < limit and (first := await db.scalar(select(func.min(User.id)).where(User.id > after))):
        tell(first, last)
        after = first + AT_ONCE
        query = select(User).where(User.id >= first, User.id <= after, wanted).order_by(User.id)
        found += (await db.scalars(query.limit(limit - len(found)))).all()
    return found


def _contains(search: str) -> ColumnElement[bool]:
    if not search.isprintable():  # see `named`
        return false()
    in_address = User.email_key.contains(email_addresses.key(search), autoescape=True)
    return or_(in_address, User.name.icontains(search, autoescape=True))


async def named(db: AsyncSession, *, who: str) -> User:
    """Return the user with this number or address. Raises NoSuchUser."""
    user = None
    if _is_number(who):
        user = await db.get(User, int(who))
    elif who.isprintable():  # a shell may pass bytes that are not text, which the database's driver can't encode
        user = await db.scalar(select(User).where(User.email_key == email_addresses.key(who)))
    if not user:
        raise NoSuchUser(who=who)
    return user


def _is_number(who: str) -> bool:
    # Check the length first: Python refuses to parse a number with thousands of digits.
    return who.isascii() and who.isdigit() and len(who) <= len(str(MAX_ID)) and int(who) <= MAX_ID
