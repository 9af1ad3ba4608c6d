"""Refuses addresses that another account has. Only the unique index can decide: two requests may come at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import User


@asynccontextmanager
async def refused(
    transaction: UnitOfWork, *, email: str, error: type[AccountError], but: int = 0
) -> AsyncIterator[None]:
    """Raise `error` if the block's transaction fails because another user than `but` has this address."""
    try:
        yield
    except IntegrityError:
        # A constraint or trigger of the site may have failed instead; then the address is not taken.
        async with transaction() as db:
            key = email_addresses.key(email)
            if not await db.scalar(select(User.id).where(User.email_key == key, User.id != but)):
                raise
        raise error from None
