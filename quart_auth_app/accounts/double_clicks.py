"""A form that was sent twice: the second sign-up is refused, but its person has got what they wanted."""

from datetime import datetime, timedelta

from sqlalchemy import select

from quart_auth_app.accounts import email_addresses, names, throttle
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import SecurityEvent, User

LASTS = timedelta(seconds=30)
"""How long after the first click a second one may come: hashing may have a queue."""


async def signed_up_already(
    transaction: UnitOfWork,
    passwords: Passwords,
    *,
    email: str,
    name: str,
    password: str,
    browser: Browser,
    opened: datetime,
    now: datetime,
) -> User | None:
    """Return the user whom a sign-up with the same details has just made, in the same browser; None if there is none.

    `opened` is when this browser opened the form. A stranger who learns of the account opens it later; and whoever
    opened it before has to know the password, at the same address, within seconds. Raises TooBusy.
    """
    query = (
        select(User)
        .join(SecurityEvent, SecurityEvent.user_id == User.id)
        .where(
            User.email_key == email_addresses.key(email),
            User.name == names.validated(name),
            User.created_at >= max(opened, now - LASTS) - throttle.SLACK,  # each may be another server's time
            SecurityEvent.kind == "created",
            SecurityEvent.address == browser.address,
            SecurityEvent.browser == browser.name,
        )
    )
    async with transaction() as db:
        user = await db.scalar(query)
    if user is None:
        return None
    with passwords.place_in_line(browser):
        matches, _ = await passwords.verify(password, user.password)
    return user if matches else None
