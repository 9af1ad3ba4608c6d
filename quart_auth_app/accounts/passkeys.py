"""A user's passkeys: adding, using, naming and removing them, and an account that has no password besides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha512
from typing import TypeVar

from sqlalchemy import ColumnElement, case, delete, exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import (
    activity,
    double_clicks,
    log_in,
    names,
    outbox,
    pending_log_ins,
    sessions,
    throttle,
    ways_in,
)
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import AccountError, SessionRevoked, TooManyAttempts, WrongDetails
from quart_auth_app.accounts.factors import challenges, passkeys
from quart_auth_app.accounts.factors.challenges import Challenges
from quart_auth_app.accounts.factors.passkeys import Answer, NotValid, Site
from quart_auth_app.accounts.log_in import LoggedIn
from quart_auth_app.accounts.sessions import Found, Renewed
from quart_auth_app.accounts.throttle import Counter, Limit
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import Passkey, User

Result = TypeVar("Result")

PASSKEY = "passkey"

MAX_PASSKEYS = 20
"""Passkeys of one user: a page lists them all."""

_SPENT = Limit("challenge", 1, challenges.LASTS)
"""Each challenge counts once. It is written down when it has been used, and kept until it would be over anyway."""


class PasskeyRefused(AccountError):
    """The passkey's answer is not right, or the account is closed; for the log, `reason` says which."""


class PasskeyTooLate(PasskeyRefused):
    """The answer is to a challenge that is over, was used, or was another browser's or account's."""


class PasskeyUnknown(PasskeyRefused):
    """No account has this passkey, or not any more. The browser may be told by `credential_id`, in base64url."""


class PasskeyKnown(AccountError):
    """This passkey is an account's already."""


class TooManyPasskeys(AccountError):
    """The user has `most` passkeys."""


class NoSuchPasskey(AccountError):
    """The user has no passkey with this number, or not any more."""


class NoWayBack(AccountError):
    """The account can't do without a password: it needs a passkey, and an address that is known to be the person's."""


@dataclass(frozen=True)
class Asking:
    """Who a challenge is for: what the browser is called in it, and the site that asks."""

    site: Site
    challenges: Challenges
    bound_to: str

    def options(self, *, now: datetime, allowed: Sequence[bytes] = ()) -> dict[str, object]:
        """Return what the browser is asked in order to use a passkey."""
        return passkeys.request_options(
            self.site, challenge=self.challenges.new(self.bound_to, now=now), allowed=allowed
        )


async def creation_options(db: AsyncSession, asking: Asking, *, user: User, now: datetime) -> dict[str, object]:
    """Return what the browser is asked in order to make a passkey."""
    known = await own(db, user_id=user.id)
    challenge = asking.challenges.new(_for_handle(asking, known), now=now)
    return passkeys.creation_options(
        asking.site,
        challenge=challenge,
        handle=_handle(known, challenge),
        email=user.email,
        name=user.name,
        known=[each.credential_id for each in known],
    )


async def own(db: AsyncSession, *, user_id: int) -> Sequence[Passkey]:
    """Return the user's passkeys, oldest first."""
    return (await db.scalars(select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id))).all()


async def add(
    transaction: UnitOfWork,
    asking: Asking,
    *,
    user_id: int,
    credential: str,
    name: str,
    browser: Browser,
    now: datetime,
) -> Passkey:
    """Add a passkey that the user's browser has made. One without a name is called as the browser is.

    Raises PasskeyRefused, PasskeyTooLate, PasskeyKnown, TooManyPasskeys, TooManyAttempts or InvalidName.
    """
    name = names.validated(name) if name else browser.name
    answer = _read(credential)
    counter = throttle.PASSKEY_BY_ADDRESS, throttle.network(browser.address)
    async with transaction() as db:
        await throttle.hit(db, counter, now=now)
    await passkeys.load()
    try:
        async with transaction() as db:
            await ways_in.lock(db, user_id=user_id)
            known = await own(db, user_id=user_id)
            _check_challenge(asking, answer, _for_handle(asking, known), now=now)
            new = _refused_if_not_valid(lambda: passkeys.register(asking.site, answer))
            if len(known) >= MAX_PASSKEYS:
                raise TooManyPasskeys(most=MAX_PASSKEYS)
            await throttle.refund(db, counter)
            await _spend(db, answer, now=now)
            passkey = Passkey(
                **vars(new), user_id=user_id, user_handle=_handle(known, answer.challenge), name=name, created_at=now
            )
            db.add(passkey)
            await activity.note(db, user_id=user_id, kind="passkey_added", browser=browser, now=now)
    except IntegrityError:
        raise PasskeyKnown from None
    return passkey


async def log_in_with_passkey(
    transaction: UnitOfWork, asking: Asking, *, credential: str, remember: bool, browser: Browser, now: datetime
) -> LoggedIn:
    """Log in by a passkey alone: it is two factors, so no second step is asked for.

    Raises PasskeyRefused, PasskeyTooLate, PasskeyUnknown or TooManyAttempts.
    """
    answer, counter, passkey = await _found(transaction, asking, credential=credential, browser=browser, now=now)
    if answer.user_handle != passkey.user_handle:
        raise PasskeyRefused(reason="user handle")
    async with transaction() as db:
        await _use(db, asking, answer, counter, passkey=passkey, browser=browser, now=now)
        user = await db.get_one(User, passkey.user_id)
        try:
            outcome = await log_in.start_session(
                db, user=user, methods=[PASSKEY], remember=remember, browser=browser, now=now
            )
        except WrongDetails:
            raise PasskeyRefused(reason="account closed") from None
    if not isinstance(outcome, LoggedIn):
        raise TypeError("a log-in with a passkey is complete")
    return outcome


async def prove(
    transaction: UnitOfWork, asking: Asking, *, found: Found, credential: str, browser: Browser, now: datetime
) -> Renewed:
    """Check a passkey of who is logged in, in place of password and code. Gives the session a new token.

    Raises PasskeyRefused, PasskeyTooLate, TooManyAttempts or SessionRevoked.
    """
    answer, counter, passkey = await _found(transaction, asking, credential=credential, browser=browser, now=now)
    user_id, version = found.user["id"], found.user["password_version"]
    if passkey.user_id != user_id:
        raise PasskeyRefused(reason="somebody else's")
    async with transaction() as db:
        await _use(db, asking, answer, counter, passkey=passkey, browser=browser, now=now)
        renewed = await sessions.renew(
            db, session_id=found.session["id"], password_version=version, after=browser.token, now=now
        )
    if not renewed:
        raise SessionRevoked
    return renewed


async def rename(db: AsyncSession, *, user_id: int, passkey_id: int, name: str) -> None:
    """Give one of the user's passkeys another name. Raises InvalidName or NoSuchPasskey."""
    query = update(Passkey).where(*_is(passkey_id, user_id=user_id))
    if await db.scalar(query.values(name=names.validated(name)).returning(Passkey.id)) is None:
        raise NoSuchPasskey


async def remove(db: AsyncSession, *, user_id: int, passkey_id: int, browser: Browser, now: datetime) -> bytes:
    """Forget one of the user's passkeys, and return its id. Raises NoSuchPasskey or LastWayIn."""
    this = _is(passkey_id, user_id=user_id)
    await ways_in.lock(db, user_id=user_id)
    await ways_in.insist_on_another(db, user_id=user_id, than_passkey=passkey_id)
    query = delete(Passkey).where(*this)
    credential_id: bytes | None = await db.scalar(query.returning(Passkey.credential_id))
    if credential_id is None:
        raise NoSuchPasskey
    await activity.note(db, user_id=user_id, kind="passkey_removed", browser=browser, now=now)
    await double_clicks.note(db, browser, number=passkey_id, now=now)
    return credential_id


async def remove_since(
    db: AsyncSession, *, user_id: int, since: datetime | None, browser: Browser, now: datetime
) -> None:
    """Forget the user's passkeys that were added at `since` or later; all of them if it is None."""
    query = delete(Passkey).where(Passkey.user_id == user_id, *([Passkey.created_at >= since] if since else []))
    for _ in (await db.scalars(query.returning(Passkey.id))).all():
        await activity.note(db, user_id=user_id, kind="passkey_removed", browser=browser, now=now)


async def remove_password(db: AsyncSession, *, found: Found, browser: Browser, now: datetime) -> tuple[Renewed, bool]:
    """Let the account have no password any more. All other sessions are revoked. Raises NoWayBack or SessionRevoked.

    A link by mail can always set a new one, so mail has to be on and the address verified. Returns this session under
    its new token, and whether there was a password.
    """
    user_id, version = found.user["id"], found.user["password_version"]
    await ways_in.lock(db, user_id=user_id)
    without = select(User.password_version).where(User.id == user_id, User.password == ways_in.NO_PASSWORD)
    if (newer := await db.scalar(without)) is not None:  # a second click
        return await _renewed(db, found, version=newer, browser=browser, now=now), False
    has_passkey = exists().where(Passkey.user_id == user_id)
    query = update(User).where(
        User.id == user_id, User.password_version == version, User.verified_at.is_not(None), has_passkey
    )
    changed = {"password": ways_in.NO_PASSWORD, "password_version": version + 1}
    if not outbox.is_on(db) or await db.scalar(query.values(changed).returning(User.id)) is None:
        raise NoWayBack
    await pending_log_ins.cancel_all(db, user_id=user_id)
    renewed = await _renewed(db, found, version=version + 1, browser=browser, now=now)
    await sessions.revoke_others(db, user_id=user_id, keep=renewed.number)
    await activity.note(db, user_id=user_id, kind="password_removed", browser=browser, now=now)
    return renewed, True


async def _renewed(db: AsyncSession, found: Found, *, version: int, browser: Browser, now: datetime) -> Renewed:
    renewed = await sessions.renew(
        db, session_id=found.session["id"], password_version=version, after=browser.token, now=now
    )
    if not renewed:
        raise SessionRevoked
    return renewed


async def _found(
    transaction: UnitOfWork, asking: Asking, *, credential: str, browser: Browser, now: datetime
) -> tuple[Answer, Counter, Passkey]:
    # Counted as a failure first, and refunded when it was none, as passwords are.
    counter = throttle.PASSKEY_BY_ADDRESS, throttle.network(browser.address)
    answer = _read(credential)
    async with transaction() as db:
        await throttle.hit(db, counter, now=now)
        passkey = await db.scalar(select(Passkey).where(Passkey.credential_id == answer.credential_id))
    _check_challenge(asking, answer, asking.bound_to, now=now)
    if passkey is None:
        raise PasskeyUnknown(credential_id=passkeys.encoded(answer.credential_id))
    await passkeys.load()
    return answer, counter, passkey


async def _use(
    db: AsyncSession,
    asking: Asking,
    answer: Answer,
    counter: Counter,
    *,
    passkey: Passkey,
    browser: Browser,
    now: datetime,
) -> None:
    used = _refused_if_not_valid(lambda: passkeys.verify(asking.site, answer, public_key=passkey.public_key))
    await throttle.refund(db, counter)
    await _spend(db, answer, now=now)
    seen = Passkey.sign_count
    changed = {
        "sign_count": case((seen < used.sign_count, used.sign_count), else_=seen),
        "backed_up": used.backed_up,
        "last_used_at": now,
    }
    query = update(Passkey).where(Passkey.id == passkey.id).values(changed).returning(Passkey.id)
    if await db.scalar(query.execution_options(synchronize_session=False)) is None:
        raise PasskeyUnknown(credential_id=passkeys.encoded(answer.credential_id))  # removed in this very moment
    # Synced passkeys don't count at all. Another count that doesn't rise may mean a copy, or a restored backup.
    if (used.sign_count or passkey.sign_count) and used.sign_count <= passkey.sign_count:
        await activity.note(db, user_id=passkey.user_id, kind="passkey_count", browser=browser, now=now)


def _read(credential: str) -> Answer:
    return _refused_if_not_valid(lambda: passkeys.read(credential))


def _refused_if_not_valid(check: Callable[[], Result]) -> Result:
    try:
        return check()
    except NotValid as error:
        raise PasskeyRefused(reason=str(error)) from None


def _check_challenge(asking: Asking, answer: Answer, bound_to: str, *, now: datetime) -> None:
    if not asking.challenges.is_good(answer.challenge, bound_to, now=now):
        raise PasskeyTooLate(reason="challenge")


async def _spend(db: AsyncSession, answer: Answer, *, now: datetime) -> None:
    # One statement: of any number of requests with this answer, one wins.
    try:
        await throttle.hit(db, (_SPENT, passkeys.encoded(answer.challenge)), now=now)
    except TooManyAttempts:
        raise PasskeyTooLate(reason="challenge used") from None


def _for_handle(asking: Asking, known: Sequence[Passkey]) -> str:
    # If another tab adds the first passkey meanwhile, this challenge is over: it was asked with another handle.
    return f"{asking.bound_to}, {known[0].user_handle.hex() if known else 'first'}"


def _handle(known: Sequence[Passkey], challenge: bytes) -> bytes:
    # The first handle is made of a challenge, which is random, so that nothing is stored before there is a passkey.
    return known[0].user_handle if known else sha512(challenge).digest()


def _is(number: int, *, user_id: int) -> list[ColumnElement[bool]]:
    """Return what tells one of the user's passkeys from all others. Raises NoSuchPasskey for what can't be a number."""
    if number > activity.NEWEST:
        raise NoSuchPasskey
    return [Passkey.id == number, Passkey.user_id == user_id]
