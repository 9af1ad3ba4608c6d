"""The ways into an account: a password, passkeys, accounts at providers. Nothing removes the last one.

Log-in by mail is not counted: it is the operator's switch and may be off tomorrow.
"""

from collections.abc import Collection

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.models import Identity, Passkey, User

NO_PASSWORD = "!"  # noqa: S105  # no hash, so no password matches it
"""What stands in place of the hash where an account has no password."""

ISSUERS = "issuers"
"""The key in a session's `info` of the providers that are configured: an account at any other lets nobody in."""


class LastWayIn(AccountError):
    """Without it, nobody could log in to the account any more."""


def info(issuers: Collection[str]) -> dict[str, object]:
    """Return what the `info` of a database's sessions holds where these providers are configured."""
    return {ISSUERS: frozenset(issuers)}


async def lock(db: AsyncSession, *, user_id: int) -> None:
    """Let one request at a time change the user's ways in.

    Of two tabs that each remove one, the second sees what the first did.
    """
    await db.execute(select(User.id).where(User.id == user_id).with_for_update())


async def insist_on_another(
    db: AsyncSession, *, user_id: int, than_passkey: int | None = None, than_issuer: str | None = None
) -> None:
    """Go on only if there is another way in than this. `lock` comes first. Raises LastWayIn."""
    issuers = db.info.get(ISSUERS, frozenset()) - {than_issuer}
    ways = (
        exists().where(User.id == user_id, User.password != NO_PASSWORD),
        exists().where(Passkey.user_id == user_id, Passkey.id.is_distinct_from(than_passkey)),
        exists().where(Identity.user_id == user_id, Identity.issuer.in_(issuers)),
    )
    if not await db.scalar(select(or_(*ways))):
        raise LastWayIn
