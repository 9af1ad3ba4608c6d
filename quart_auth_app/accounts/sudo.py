"""Proving who one is once more, before something that can't be undone easily is done to the account."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from quart_auth_app.accounts import sessions, throttle
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import AccountError, TooManyAttempts
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.sessions import Found, Renewed
from quart_auth_app.accounts.throttle import SUDO_BY_SESSION, Counter
from quart_auth_app.database.units_of_work import UnitOfWork

LASTS = timedelta(minutes=10)
"""How long a proof counts, log-in included. Phoenix asks again after 10 minutes, allauth and rodauth after 5."""


class SudoRequired(AccountError):
    """This may be done only by who has proved within LASTS who they are."""

    field = "sudo_password"


class WrongPassword(AccountError):
    """The password that was given as a proof is not the account's."""

    field = "sudo_password"


class SessionRevoked(AccountError):
    """The session has ended meanwhile."""


class TooManyWrongPasswords(SessionRevoked):
    """There were too many wrong proofs in this session, so it has ended."""


def is_fresh(session: Mapping[str, Any], *, now: datetime) -> bool:
    """Tell whether the session's owner has proved who they are within LASTS."""
    authenticated_at: datetime = session["authenticated_at"]
    return now - LASTS < authenticated_at <= now


async def prove(
    transaction: UnitOfWork, passwords: Passwords, *, found: Found, password: str, browser: Browser, now: datetime
) -> Renewed:
    """Check the password of who is logged in, and give the session a new token.

    Raises WrongPassword, SessionRevoked or TooBusy.
    """
    with passwords.place_in_line():
        await check_password(transaction, passwords, found=found, password=password, browser=browser, now=now)
    version = found.user["password_version"]
    async with transaction() as db:
        await throttle.clear(db, counter(found))
        renewed = await sessions.renew(db, session_id=found.session["id"], password_version=version, now=now)
    if not renewed:
        raise SessionRevoked
    return renewed


async def check_password(
    transaction: UnitOfWork, passwords: Passwords, *, found: Found, password: str, browser: Browser, now: datetime
) -> None:
    """Check the password of who is logged in. Needs a place in line.

    The attempt is counted as a failure first, so that guesses at the same moment can't overtake the count; whoever
    goes on clears `counter`. The last failure revokes this session and no other: who has stolen it can't lock the owner
    out. Raises WrongPassword or SessionRevoked.
    """
    try:
        async with transaction() as db:
            count = await throttle.hit(db, counter(found), now=now)
    except TooManyAttempts:
        count = SUDO_BY_SESSION.attempts
        matches = False
    else:
        matches, _ = await passwords.verify(password, found.user["password"])
    if matches:
        return
    if count < SUDO_BY_SESSION.attempts:
        raise WrongPassword
    async with transaction() as db:
        await sessions.revoke_own(
            db, user_id=found.user["id"], session_id=found.number, browser=browser, now=now, reason="wrong_passwords"
        )
    raise TooManyWrongPasswords


def counter(found: Found) -> Counter:
    """Return what failures in this session are counted by."""
    return SUDO_BY_SESSION, str(found.number)
