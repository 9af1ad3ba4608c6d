"""The end of every log-in: once a first factor is proven, `start_session` starts a session or asks for a second step.

The ways in are in files of their own: `password_log_in`, `passkey_log_in`, `mailed_log_in`, `identities` (accounts at
providers), and `second_step_log_in` for what comes after a first factor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import double_clicks, sessions
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.credentials import second_step
from quart_auth_app.accounts.errors import WrongDetails
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.logging_in import pending_log_ins
from quart_auth_app.accounts.throttling import limits, throttle
from quart_auth_app.models import User


@dataclass(frozen=True)
class LoggedIn:
    """A started session: its user, and the token for the browser's cookie."""

    user: User
    token: str
    remember: bool
    ended: int = 0
    """How many of the user's other sessions were revoked, because there were too many."""
    is_again: bool = False
    """Whether the first click of a double click has started this session."""


@dataclass(frozen=True)
class SecondStepMissing:
    """The first factor was right, and a second step is needed. The token is for a cookie of its own."""

    user: User
    token: str


Outcome = LoggedIn | SecondStepMissing

NO_SESSION = 0
"""The number that `double_clicks` stores for a log-in that still waits for its second step."""


async def start_session(
    db: AsyncSession,
    *,
    user: User,
    methods: Sequence[str],
    remember: bool,
    browser: Browser,
    now: datetime,
    proof: str | None = None,
) -> Outcome:
    """Start a session for `user`, who was proven by these methods, or return that a second step is missing.

    Every log-in ends here, so log-ins are counted here, and sessions trimmed to sessions.MAX_FOR_ONE. Raises
    TooManyAttempts, or WrongDetails if the account was disabled or its password changed since it was verified.

    `proof` is a secret for one use; with the same one `again` finds the session.
    """
    started = await sessions.start(
        db,
        user=user,
        methods=methods,
        remember=remember,
        address=browser.address,
        user_agent=browser.user_agent,
        now=now,
        replaces=browser.token,
        proof=proof,
    )
    if started:
        await throttle.hit(db, (limits.LOG_INS_OF_ACCOUNT, user.email_key), now=now)
        is_new = browser.device_for(user) is None
        await activity.note(db, user_id=user.id, kind="logged_in", browser=browser, now=now, new_device=is_new)
        await double_clicks.store(db, browser, number=started.number, now=now)
        ended = await sessions.trim(db, user_id=user.id, browser=browser, now=now) if started.are_many else 0
        return LoggedIn(user, started.token, remember, ended)
    pending = None
    if (await second_step.state(db, user_id=user.id)).is_on:
        token = sessions.token_by(db, proof)
        pending = await pending_log_ins.start(
            db, user=user, token=token, methods=" ".join(methods), remember=remember, now=now
        )
    if pending is None:
        raise WrongDetails
    await double_clicks.store(db, browser, number=NO_SESSION, now=now)
    return SecondStepMissing(user, pending)


async def again(db: AsyncSession, *, proof: str, browser: Browser, now: datetime) -> Outcome | None:
    """Return the outcome of the first click on this browser's form with this proof; None if there was none."""
    if await double_clicks.made(db, browser, now=now) is None:
        return None
    if started := await sessions.again(db, proof=proof, now=now):
        session, token = started
        return LoggedIn(await db.get_one(User, session.user_id), token, session.remember, is_again=True)
    pending = await pending_log_ins.again(db, token=sessions.token_by(db, proof), now=now)
    return pending and SecondStepMissing(*pending)


async def log_out(db: AsyncSession, *, user_id: int, browser: Browser, now: datetime) -> None:
    """Revoke the browser's session."""
    # In this order: the event locks the user, and whoever changes the account locks the user before its sessions.
    await activity.note(db, user_id=user_id, kind="logged_out", browser=browser, now=now)
    await sessions.revoke(db, token=browser.token or "")
