"""Users: signing up, proving who one is, closing an account.

Functions that need a hash take the way to open a unit of work, not an open one: a hash takes a quarter of a second, and
for that time nobody may hold a connection, still less SQLite's one write lock.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import email_addresses, sessions, throttle
from quart_auth_app.accounts.errors import EmailTaken, InvalidName
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.throttle import Counter
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import User

MAX_NAME_LENGTH = 100
"""Characters of the longest name."""

_FIND = select(User).where(User.email_key == bindparam("key"))


async def sign_up(
    transaction: UnitOfWork,
    passwords: Passwords,
    *,
    email: str,
    name: str,
    password: str,
    site: str,
    address: str,
    now: datetime,
) -> User:
    """Create a user for a stranger at `address`. Raises what `create` raises, or TooManyAttempts."""
    async with transaction() as db:
        await throttle.hit(db, (throttle.SIGN_UP_BY_ADDRESS, throttle.network(address)), now=now)
    return await create(transaction, passwords, email=email, name=name, password=password, site=site)


async def create(
    transaction: UnitOfWork, passwords: Passwords, *, email: str, name: str, password: str, site: str
) -> User:
    """Create a user. The password must not be built on the address, the name, or the site's name.

    Raises InvalidEmail, InvalidName, InvalidPassword, EmailTaken or TooBusy, and creates nobody then.
    """
    email = email_addresses.validated(email)
    name = name.strip()
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise InvalidName
    with passwords.place_in_line():
        await passwords.check_new(password, context=[email, name, site])
        password_hash = await passwords.hash(password)
    user = User(email=email, email_key=email_addresses.key(email), name=name, password=password_hash)
    try:
        async with transaction() as db:
            db.add(user)
    except IntegrityError:
        raise EmailTaken from None
    return user


async def authenticate(
    transaction: UnitOfWork,
    passwords: Passwords,
    *,
    email: str,
    password: str,
    address: str,
    device: str | None,
    now: datetime,
    then: Callable[[AsyncSession, User], Awaitable[None]] | None = None,
) -> User | None:
    """Return the user whose address and password these are, or None, after the same time either way.

    The attempt is counted as a failure first, and no longer when it turns out to be none: so guesses at the same moment
    can't overtake the count. In the transaction that takes it back, `then` is done too. Raises TooManyAttempts or
    TooBusy.
    """
    counters = throttle.log_in_counters(email=email, address=address, device=device)
    with passwords.place_in_line():
        async with transaction() as db:
            for counter in counters:
                await throttle.hit(db, counter, now=now)
            user = await db.scalar(_FIND, {"key": email_addresses.key(email)})
        matches, replacement = await passwords.verify(password, user.password if user else None)
    if not user or not matches or user.disabled_at:
        return None
    async with transaction() as db:
        await _forgive(db, counters)
        if replacement:
            await _replace_hash(db, user, replacement)
        if then:
            await then(db, user)
    return user


async def _forgive(db: AsyncSession, counters: list[Counter]) -> None:
    # The account's or the device's count starts anew; an address loses only this attempt, or who has one account could
    # wipe out the failures at all others.
    *by_address, own = counters
    for counter in by_address:
        await throttle.forgive(db, counter)
    await throttle.clear(db, own)


async def _replace_hash(db: AsyncSession, user: User, password_hash: str) -> None:
    # Only the hash that was verified is replaced, never one that another request has stored since.
    query = update(User).where(User.id == user.id, User.password == user.password)
    await db.execute(query.values(password=password_hash))


async def disable(db: AsyncSession, *, user: User, now: datetime) -> None:
    """Close the account and end its sessions: the next request of any of its browsers is a stranger's."""
    await db.execute(update(User).where(User.id == user.id, User.disabled_at.is_(None)).values(disabled_at=now))
    await sessions.end_all(db, user=user)


async def enable(db: AsyncSession, *, user: User) -> None:
    """Open the account again."""
    await db.execute(update(User).where(User.id == user.id).values(disabled_at=None))


async def set_password(transaction: UnitOfWork, passwords: Passwords, *, user: User, password: str, site: str) -> None:
    """Give the user another password, and end all sessions: whoever got in by the old one is out.

    Raises InvalidPassword or TooBusy, and changes nothing then.
    """
    with passwords.place_in_line():
        await passwords.check_new(password, context=[user.email, user.name, site])
        password_hash = await passwords.hash(password)
    async with transaction() as db:
        changed = {"password": password_hash, "password_version": User.password_version + 1}
        await db.execute(update(User).where(User.id == user.id).values(changed))
        await sessions.end_all(db, user=user)


async def remove(db: AsyncSession, *, user: User) -> None:
    """Delete the account, and with it its sessions; the address is free again."""
    await db.execute(delete(User).where(User.id == user.id))
