"""Users: signing up and proving who one is.

These functions take the way to open a unit of work, not an open one: a hash takes a quarter of a second, and for that
time nobody may hold a connection, still less SQLite's one write lock.
"""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from quart_auth_app.accounts import email_addresses, passwords
from quart_auth_app.accounts.errors import EmailTaken, InvalidName
from quart_auth_app.accounts.passwords import PasswordHasher
from quart_auth_app.database import UnitOfWork
from quart_auth_app.models import User

MAX_NAME_LENGTH = 100
"""Characters of the longest name."""


async def sign_up(transaction: UnitOfWork, hasher: PasswordHasher, *, email: str, name: str, password: str) -> User:
    """Create a user, or change nothing at all.

    Raises InvalidEmail, InvalidName, InvalidPassword, EmailTaken or TooBusy.
    """
    email = email_addresses.validated(email)
    name = name.strip()
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise InvalidName
    passwords.check_new(password)
    user = User(email=email, email_key=email_addresses.key(email), name=name, password=await hasher.hash(password))
    try:
        async with transaction() as db:
            db.add(user)
    except IntegrityError:
        raise EmailTaken from None
    return user


async def authenticate(reading: UnitOfWork, hasher: PasswordHasher, *, email: str, password: str) -> User | None:
    """Return the user whose address and password these are, or None, after the same time either way. Raises TooBusy."""
    async with reading() as db:
        user = await db.scalar(select(User).where(User.email_key == email_addresses.key(email)))
    matches = await hasher.verify(password, user.password if user else None)
    return user if matches else None
