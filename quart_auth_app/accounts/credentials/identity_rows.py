"""Rows of accounts at providers, found by issuer and subject."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.errors import InvalidEmail
from quart_auth_app.accounts.factors.identities import Proven
from quart_auth_app.accounts.fields import email_addresses
from quart_auth_app.models import Identity


async def owner(db: AsyncSession, proven: Proven) -> int | None:
    """Return the number of the user with this account at a provider, None if there is none."""
    query = select(Identity.user_id).where(_is(proven))
    return await db.scalar(query)


async def use(db: AsyncSession, proven: Proven, *, now: datetime) -> int | None:
    """Store that the account was used. Returns its user's number, None if there is none."""
    query = update(Identity).where(_is(proven))
    changed = {"last_used_at": now, "email": shown(proven)}
    return await db.scalar(query.values(changed).returning(Identity.user_id))


def new(user_id: int, proven: Proven, *, now: datetime) -> Identity:
    """Return a new row, not yet added to a session."""
    return Identity(user_id=user_id, issuer=proven.issuer, subject=proven.subject, email=shown(proven), created_at=now)


def shown(proven: Proven) -> str | None:
    """Return the address that the provider tells, None if it is missing or invalid."""
    try:
        return email_addresses.validated(proven.email or "")
    except InvalidEmail:
        return None


def _is(proven: Proven) -> ColumnElement[bool]:
    return and_(Identity.issuer == proven.issuer, Identity.subject == proven.subject)
