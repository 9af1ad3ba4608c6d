"""What operators and admins do to an account: the commands and the admin pages call the same acts."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import access_keys, activity, double_clicks, roles, sessions, users, ways_in
from quart_auth_app.accounts.browsers import OPERATOR, Browser
from quart_auth_app.accounts.errors import AccountError
from quart_auth_app.models import User


class NotConfirmed(AccountError):
    """The address that was typed to confirm an act is not the account's."""

    field = "email"


@dataclass(frozen=True, kw_only=True)
class Admin:
    """Who does it, on the admin pages."""

    user_id: int
    browser: Browser


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be done, and to whom."""

    user: User
    now: datetime
    role: str = ""
    """For `grant` and `withdraw`."""
    known_roles: frozenset[str] = frozenset()
    even_last_admin: bool = False
    """Whether the only admin may be closed, deleted or made none: an operator can make another one, an admin can't."""


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
"""By the last part of the page's address, which is the command's name too."""

ONCE = {"send-reset", "delete"}
"""Acts that mail somebody, and so are not repeated for the second click of a double click."""


async def carry_out(db: AsyncSession, act: str, wish: Wish, *, by: Admin | None = None) -> None:
    """Do one of ACTS. An admin's own activity tells of it too. Raises an AccountError."""
    number = wish.user.id
    if by and act in ONCE:
        await ways_in.lock(db, user_id=by.user_id)
        if await double_clicks.made(db, by.browser, now=wish.now) is not None:
            return
    await ACTS[act](db, wish)
    if by and (act != "delete" or by.user_id != number):
        kind = f"admin_{act.replace('-', '_')}"
        await activity.note(db, user_id=by.user_id, kind=kind, browser=by.browser, now=wish.now, user=number)
        await double_clicks.note(db, by.browser, number=number, now=wish.now)
