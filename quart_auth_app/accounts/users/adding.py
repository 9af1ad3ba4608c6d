"""Adding a user to the database: what all ways of making one end in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.fields import email_addresses, own_fields
from quart_auth_app.accounts.history import activity
from quart_auth_app.models import User


async def add(
    db: AsyncSession,
    *,
    email: str,
    name: str,
    password: str,
    verified_at: datetime | None,
    own: Mapping[str, Any],
    browser: Browser,
    now: datetime,
) -> User:
    """Add a user with these values, checked before, and the first event of their activity. `password` is the hash.

    Raises sqlalchemy.exc.IntegrityError if another user has the address, or a value of `own` that must be unique.
    """
    user = User(
        email=email,
        email_key=email_addresses.key(email),
        name=name,
        password=password,
        language=browser.language,
        created_at=now,
        verified_at=verified_at,
    )
    db.add(user)
    await db.flush()
    await own_fields.store(db, user_id=user.id, values=own)
    await activity.note(db, user_id=user.id, kind="created", browser=browser, now=now)
    return user
