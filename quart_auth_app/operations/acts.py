"""Acts of operators and admins on an account; commands and admin pages share them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import access_keys, double_clicks, roles, sessions, users
from quart_auth_app.accounts.browsers import OPERATOR, Browser
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.sessions import Found
from quart_auth_app.accounts.users import user_rows
from quart_auth_app.models import User


class NotConfirmed(AccountError):
    """The address typed to confirm an act is not the account's."""

    field = "email"


@dataclass(frozen=True, kw_only=True)
class Admin:
    """The admin who does the act, on the admin pages."""

    found: Found
    browser: Browser

    @property
    def user_id(self) -> int:
        """The admin's number."""
        number: int = self.found.user["id"]
        return number

    async def insist(self, db: AsyncSession) -> None:
        """Raise SessionRevoked or RoleMissing if the admin has lost session or role since the request began."""
        await roles.insist_on_still(db, found=self.found, role=roles.ADMIN)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """The arguments of an act."""

    user: User
    now: datetime
    role: str = ""
    """For `grant` and `withdraw`."""
    known_roles: frozenset[str] = frozenset()
    even_last_admin: bool = False
    """Whether the only admin may be disabled, deleted or lose the role: an operator can appoint another one."""


Act = Callable[[AsyncSession, Wish], Awaitable[None]]


async def _disable(db: AsyncSession, wish: Wish) -> None:
    await users.disable(db, user=wish.user, now=wish.now, even_last_admin=wish.even_last_admin)


async def _enable(db: AsyncSession, wish: Wish) -> None:
    await users.enable(db, user=wish.user, now=wish.now)


async def _revoke_sessions(db: AsyncSession, wish: Wish) -> None:
    await sessions.revoke_all(db, user=wish.user)
    await activity.note(db, user_id=wish.user.id, kind="sessions_revoked", browser=OPERATOR, now=wish.now)


async def _revoke_access_keys(db: AsyncSession, wish: Wish) -> None:
    await access_keys.revoke_all(db, user_id=wish.user.id, now=wish.now)


async def _send_reset(db: AsyncSession, wish: Wish) -> None:
    await users.send_reset(db, user=wish.user, now=wish.now)


async def _reset_second_step(db: AsyncSession, wish: Wish) -> None:
    await users.reset_second_step(db, user=wish.user)


async def _delete(db: AsyncSession, wish: Wish) -> None:
    await users.delete_user(db, user=wish.user, even_last_admin=wish.even_last_admin)


async def _grant(db: AsyncSession, wish: Wish) -> None:
    await roles.grant(db, user=wish.user, role=wish.role, known=wish.known_roles, now=wish.now)


async def _withdraw(db: AsyncSession, wish: Wish) -> None:
    await roles.withdraw(
        db, user=wish.user, role=wish.role, known=wish.known_roles, now=wish.now, even_last=wish.even_last_admin
    )


ACTS: dict[str, Act] = {
    "disable": _disable,
    "enable": _enable,
    "revoke-sessions": _revoke_sessions,
    "revoke-access-keys": _revoke_access_keys,
    "send-reset": _send_reset,
    "reset-second-step": _reset_second_step,
    "delete": _delete,
    "grant": _grant,
    "withdraw": _withdraw,
}
"""Acts by the last part of the page's URL, which is also the command's name."""

ONCE = {"send-reset", "delete"}
"""Acts that send mail, and so are not repeated for the second click of a double click."""


async def carry_out(db: AsyncSession, act: str, wish: Wish, *, by: Admin | None = None) -> None:
    """Do one of ACTS; it is also written to the admin's own activity. Raises an AccountError."""
    number = wish.user.id
    await (by.insist(db) if by else roles.lock_admins(db))
    if by and act in ONCE and await double_clicks.made(db, by.browser, now=wish.now) is not None:
        return
    await user_rows.lock(db, user_id=number)
    await ACTS[act](db, wish)
    if by and (act != "delete" or by.user_id != number):
        kind = f"admin_{act.replace('-', '_')}"
        await activity.note(db, user_id=by.user_id, kind=kind, browser=by.browser, now=wish.now, user=number)
        await double_clicks.store(db, by.browser, number=number, now=wish.now)
