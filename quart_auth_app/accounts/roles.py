"""Roles: permissions beyond those of every logged-in user.

`admin` is ours. A site names its own in the setting ROLES. `user` is the role of everybody who is logged in; it
can't be granted or withdrawn.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from quart_auth_app.accounts import sessions
from quart_auth_app.accounts.browsers import OPERATOR
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.sessions import Found
from quart_auth_app.models import User

USER = "user"
ADMIN = "admin"

MOST = 255
"""Longest text of all roles of one user in characters, with spaces between: the column's length."""


class NoSuchRole(AccountError):
    """There is no such role, or it is `user`, which everybody has. `known` are the existing roles."""

    field = "role"


class TooManyRoles(AccountError):
    """The names of the user's roles are together longer than MOST."""

    field = "role"


class RoleMissing(AccountError):
    """This is for users with another role."""


class StrongLogInRequired(AccountError):
    """This is for admins who have logged in with a second step or a passkey."""


class LastAdmin(AccountError):
    """Nobody else is an admin, so this one has to stay."""


def may(user: Mapping[str, Any], role: str) -> bool:
    """Tell whether the logged-in user has the role."""
    return role == USER or role in user["roles"]


async def insist_on_still(db: AsyncSession, *, found: Found, role: str) -> None:
    """Raise SessionRevoked or RoleMissing if session or role were taken since the request began.

    Proving who one is takes a quarter of a second, in which another admin may withdraw the role.
    """
    await lock_admins(db)
    await sessions.insist_on_active(db, found=found)
    if role not in (await db.scalar(select(User.roles).where(User.id == found.user["id"])) or []):
        raise RoleMissing


def is_strong(session: Mapping[str, Any]) -> bool:
    """Tell whether the session was begun with a second step or a passkey."""
    return not sessions.COMPLETE.isdisjoint(session["methods"].split())


async def grant(db: AsyncSession, *, user: User, role: str, known: frozenset[str], now: datetime) -> None:
    """Give the user the role; no change if they have it already. Raises NoSuchRole or TooManyRoles."""
    _insist(role, known)
    roles = await _locked(db, user)
    if role in roles:
        return
    roles = sorted([*roles, role])
    if len(" ".join(roles)) > MOST:
        raise TooManyRoles
    await _store(db, user, roles)
    await activity.note(db, user_id=user.id, kind="role_granted", browser=OPERATOR, now=now, role=role)


async def withdraw(
    db: AsyncSession, *, user: User, role: str, known: frozenset[str], now: datetime, even_last: bool = False
) -> None:
    """Take the role from the user. Raises NoSuchRole, or LastAdmin unless `even_last`.

    A role that the site doesn't name any more can still be withdrawn.
    """
    if role == ADMIN and not even_last:
        await keep_an_admin(db, user_id=user.id)
    roles = await _locked(db, user)
    if role not in roles:
        return _insist(role, known)
    await _store(db, user, [each for each in roles if each != role])
    await activity.note(db, user_id=user.id, kind="role_withdrawn", browser=OPERATOR, now=now, role=role)
    return None


async def keep_an_admin(db: AsyncSession, *, user_id: int) -> None:
    """Raise LastAdmin if the user is the only admin whose account is neither disabled nor to be deleted.

    Call it in the transaction that removes the user or role, so that two admins who remove each other at the same
    moment don't both succeed.
    """
    rows = await lock_admins(db)
    admins = {row.id for row in rows if ADMIN in row.roles and row.disabled_at is None and row.delete_at is None}
    if admins == {user_id}:
        raise LastAdmin


async def lock_admins(db: AsyncSession) -> Sequence[Row[int, list[str], datetime | None, datetime | None]]:
    """Lock the rows of all users with a role, and return number, roles, `disabled_at` and `delete_at` of each.

    Whoever acts on others locks these first, then the other user, then sessions. In another order two admins who act on
    each other would deadlock.
    """
    # Not a parameter: with one the database could not use the partial index of users with roles.
    query = select(User.id, User.roles, User.disabled_at, User.delete_at).where(User.roles != literal_column("''"))
    # Sorted by the role first: sorted by the number alone, SQLite reads all users in that order.
    # FOR NO KEY UPDATE, as in `ways_in.lock`.
    return (await db.execute(query.order_by(User.roles, User.id).with_for_update(key_share=True))).all()


def _insist(role: str, known: frozenset[str]) -> None:
    if role == USER or role not in known:
        raise NoSuchRole(role=role, known=", ".join(sorted(known - {USER})))


async def _locked(db: AsyncSession, user: User) -> list[str]:
    return await db.scalar(select(User.roles).where(User.id == user.id).with_for_update()) or []


async def _store(db: AsyncSession, user: User, roles: list[str]) -> None:
    await db.execute(update(User).where(User.id == user.id).values(roles=roles))
    set_committed_value(user, "roles", roles)
