"""Seeds encrypted with SECRET_KEY: which need an earlier key, and encrypting all again with the current one."""

from typing import NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from quart_auth_app.accounts.factors.seeds import Keys, Unreadable, fingerprint_of
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import Totp
from quart_auth_app.progress import Tell, nobody

BATCH = 100
"""How many users in one transaction, so that log-ins don't wait for all of them."""


class _Row(NamedTuple):
    user_id: int
    seed: bytes | None
    new_seed: bytes | None


class Rotated:
    """The result of `rotate`."""

    def __init__(self) -> None:
        self.done = 0
        """How many users' seeds were encrypted again with the current key."""
        self.unreadable = 0
        """How many users' seeds no key decrypts: they need a recovery code or `user reset-second-step`."""


async def rotate(transaction: UnitOfWork, keys: Keys, *, tell: Tell = nobody) -> Rotated:
    """Encrypt every seed with the current key. Can be interrupted and repeated."""
    result, after, seen = Rotated(), 0, 0
    async with transaction() as db:
        total = await db.scalar(select(func.count()).select_from(Totp)) or 0
    while True:
        async with transaction() as db:
            query = select(Totp.user_id, Totp.seed, Totp.new_seed).where(Totp.user_id > after).order_by(Totp.user_id)
            rows = [_Row(*row) for row in await db.execute(query.limit(BATCH))]
            for row in rows:
                new, is_readable = _anew(row, keys)
                result.unreadable += not is_readable
                if new:
                    result.done += await _replace(db, row, new)
        if not rows:
            return result
        after, seen = rows[-1].user_id, seen + len(rows)
        tell(seen, max(seen, total))


async def _replace(db: AsyncSession, row: _Row, new: dict[str, bytes]) -> bool:
    # Replace only the value that was read, never one that another request has stored since.
    query = update(Totp).where(
        Totp.user_id == row.user_id,
        Totp.seed.is_not_distinct_from(row.seed),
        Totp.new_seed.is_not_distinct_from(row.new_seed),
    )
    return await db.scalar(query.values(new).returning(Totp.user_id)) is not None


def _anew(row: _Row, keys: Keys) -> tuple[dict[str, bytes], bool]:
    new: dict[str, bytes] = {}
    for name, stored in (("seed", row.seed), ("new_seed", row.new_seed)):
        if stored and not keys.is_current(fingerprint_of(stored)):
            try:
                seed = keys.decrypt(stored, user_id=row.user_id).seed
            except Unreadable:
                return {}, False
            new[name] = keys.encrypt(seed, user_id=row.user_id)
    return new, True


async def about_keys(connection: AsyncConnection, keys: Keys) -> list[str]:
    """Return findings for `doctor`: seeds that need an earlier key, or a missing one."""
    earlier = gone = 0
    for seed in await connection.scalars(select(Totp.seed).where(Totp.seed.is_not(None))):
        fingerprint = fingerprint_of(seed or b"")
        earlier += keys.knows(fingerprint) and not keys.is_current(fingerprint)
        gone += not keys.knows(fingerprint)
    found = []
    if earlier:
        found.append(
            f"{_users(earlier)} an authenticator app that needs a key of SECRET_KEY_FALLBACKS; before you delete that "
            "key, run: quart-auth-app secrets rotate"
        )
    if gone:
        found.append(
            f"{_users(gone)} an authenticator app whose key is gone; put the earlier key back into "
            "SECRET_KEY_FALLBACKS, or let them in with: quart-auth-app user reset-second-step USER"
        )
    return found


def _users(count: int) -> str:
    return "1 user has" if count == 1 else f"{count} users have"
