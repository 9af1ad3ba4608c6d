"""The users as their operator knows them: all of them, and each by number or address."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import email_addresses
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.models import User

MAX_ID = 2**31 - 1
"""The largest number that PostgreSQL's INTEGER holds; asking for a larger one is an error there."""


class NoSuchUser(AccountError):
    """No account has the number or address `who`."""


async def everybody(db: AsyncSession) -> Sequence[User]:
    """Return all users, disabled ones too, oldest first."""
    return (await db.scalars(select(User).order_by(User.id))).all()


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
