"""The users as their operator knows them: page by page, and each by number or address."""

from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import ColumnElement, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import email_addresses
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.models import User
from quart_auth_app.progress import Tell, nobody

MAX_ID = 2**31 - 1
"""The largest number that PostgreSQL's INTEGER holds; asking for a larger one is an error there."""


AT_ONCE = 20_000
"""Numbers of users that one statement reads, where all are read: a tenth of a second."""


class NoSuchUser(AccountError):
    """No account has the number or address `who`."""


async def page(
    db: AsyncSession, *, search: str = "", after: int = 0, limit: int, tell: Tell = nobody
) -> Sequence[User]:
    """Return the first `limit` users with numbers above `after`, disabled ones too, oldest first.

    With `search`: whose number or address it is, or else all who have it within the address or the name. For the latter
    no index is of use, and the table is read: with a million users that takes a second or two.
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
    """Return the user whom an operator means by a number or an address. Raises NoSuchUser."""
    user = None
    if _is_number(who):
        user = await db.get(User, int(who))
    elif who.isprintable():  # a shell may pass on bytes that are no text, at which the database's driver fails
        user = await db.scalar(select(User).where(User.email_key == email_addresses.key(who)))
    if not user:
        raise NoSuchUser(who=who)
    return user


def _is_number(who: str) -> bool:
    # The length first: Python refuses to read a number of some thousand digits.
    return who.isascii() and who.isdigit() and len(who) <= len(str(MAX_ID)) and int(who) <= MAX_ID
