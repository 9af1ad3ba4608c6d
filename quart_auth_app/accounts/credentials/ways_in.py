"""The ways to log in to an account: a password, passkeys, accounts at providers. The last one can't be removed.

Logging in by mail doesn't count: the operator may turn it off.
"""

from collections.abc import Collection

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import sessions
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.sessions import Found
from quart_auth_app.accounts.users import user_rows
from quart_auth_app.models import Identity, Passkey, User

NO_PASSWORD = "!"  # noqa: S105  # it is no hash, so no password matches it
"""Stored instead of a hash if the account has no password."""

ISSUERS = "issuers"
"""The key in a session's `info` for the issuers of the configured providers; accounts at others are no way in."""


class LastWayIn(AccountError):
    """Without this way in nobody could log in to the account any more."""


def info(issuers: Collection[str]) -> dict[str, object]:
    """Return the `info` for database sessions with these configured providers."""
    return {ISSUERS: frozenset(issuers)}


async def hold(db: AsyncSession, *, found: Found) -> None:
    """Lock the user of this session for an act of theirs. Raises SessionRevoked if it was revoked meanwhile.

    Otherwise a thief's request that is under way while the owner gets the account back would leave a way in behind.
    """
    await user_rows.lock(db, user_id=found.user["id"])  # first, as in whatever revokes sessions
    await sessions.insist_on_active(db, found=found)


async def insist_on_another(
    db: AsyncSession, *, user_id: int, than_passkey: int | None = None, than_issuer: str | None = None
) -> None:
    """Raise LastWayIn if there is no other way in than the given one. Call `hold` first.

    Of two tabs that each remove one, the second sees what the first has done.
    """
    issuers = db.info.get(ISSUERS, frozenset()) - {than_issuer}
    ways = (
        exists().where(User.id == user_id, User.password != NO_PASSWORD),
        exists().where(Passkey.user_id == user_id, Passkey.id.is_distinct_from(than_passkey)),
        exists().where(Identity.user_id == user_id, Identity.issuer.in_(issuers)),
    )
    if not await db.scalar(select(or_(*ways))):
        raise LastWayIn
