"""Signing up with an account at a provider.

If the address has an account already, it stays its owner's, and only a person who has proved the address learns of it.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app.accounts import outbox, recovery
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.credentials import identity_rows, ways_in
from quart_auth_app.accounts.errors import InvalidName, SignUpClosed
from quart_auth_app.accounts.factors.identities import Proven
from quart_auth_app.accounts.fields import email_addresses, names, own_fields
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.provider_errors import AddressMissing, AddressNotVerified, ConnectFirst, SignUpUnfinished
from quart_auth_app.accounts.signing_up import sign_up_confirmations
from quart_auth_app.accounts.throttling import limits, throttle
from quart_auth_app.accounts.users import adding
from quart_auth_app.database.units_of_work import UnitOfWork
from quart_auth_app.models import SignUp, User
from quart_auth_app.settings.providers import ProviderSettings


async def become_known(
    transaction: UnitOfWork,
    *,
    proven: Proven,
    provider: ProviderSettings,
    may_sign_up: bool,
    own: Mapping[str, str] | None,
    name: str | None,
    browser: Browser,
    now: datetime,
) -> bool:
    """Make an account for a person whose account at a provider is not known yet. Returns whether one was made.

    `own` has the values typed into the site's own fields, None before they were asked for; `name` is the typed name.
    Raises ConnectFirst, AddressNotVerified, AddressMissing, SignUpUnfinished, SignUpClosed, InvalidName,
    OwnFieldRefused or TooManyAttempts.
    """
    email = address(proven, provider)
    values = own_fields.values(own, own_fields.on_sign_up()) if own else {}
    is_complete = own is not None or not own_fields.on_sign_up()
    async with transaction() as db:
        await _insist_on_verified(db, proven, provider, may_sign_up=may_sign_up)
        if is_complete:  # stays counted if refused: attempts could reveal other users' values of unique fields
            await throttle.hit(db, (limits.SIGN_UP_BY_ADDRESS, limits.network(browser.address)), now=now)
    try:
        async with transaction() as db:
            # In this order: another tab stores both at once, so whoever finds its user here finds its identity too.
            # Locked: what is given to the address's owner must not get another address in this moment.
            query = select(User).where(User.email_key == email_addresses.key(email))
            user = await db.scalar(query.with_for_update(key_share=True))
            if await identity_rows.owner(db, proven) is not None:
                return False  # another tab was faster
            is_new = user is None
            if user:
                await _take_over(db, user, email=email, provider=provider, browser=browser, now=now)
            else:
                if not may_sign_up:
                    raise SignUpClosed
                if not is_complete:
                    raise SignUpUnfinished(label=provider.label)
                await sign_up_confirmations.lock_all(db, email_key=email_addresses.key(email))
                user = await adding.add(
                    db,
                    email=email,
                    name=names.validated(name) if name is not None else name_of(proven, email),
                    password=ways_in.NO_PASSWORD,
                    verified_at=now,
                    own=values,
                    browser=browser,
                    now=now,
                )
                await db.execute(delete(SignUp).where(SignUp.email_key == user.email_key))
            db.add(identity_rows.new(user.id, proven, now=now))
            await db.flush()
            await activity.note(db, user_id=user.id, kind="provider_connected", browser=browser, now=now)
    except IntegrityError:
        # Another tab came back at the same moment, or the address has just got an account.
        async with transaction() as db:
            if await identity_rows.owner(db, proven) is not None:
                return False
            if not await db.scalar(select(User.id).where(User.email_key == email_addresses.key(email))):
                await own_fields.insist_on_free(db, values=values)
                raise  # a constraint or trigger of the site itself
        raise ConnectFirst(label=provider.label) from None
    return is_new


def address(proven: Proven, provider: ProviderSettings) -> str:
    """Return the address that the provider tells. Raises AddressMissing."""
    if email := identity_rows.shown(proven):
        return email
    raise AddressMissing(label=provider.label)


async def _insist_on_verified(
    db: AsyncSession, proven: Proven, provider: ProviderSettings, *, may_sign_up: bool
) -> None:
    # Don't reveal whether the address has an account: anybody can put an address into an account elsewhere.
    if proven.email_verified:
        return
    if may_sign_up and outbox.is_on(db):
        raise SignUpUnfinished(label=provider.label)  # our own mail then asks for confirmation
    raise AddressNotVerified(label=provider.label)


async def _take_over(
    db: AsyncSession, user: User, *, email: str, provider: ProviderSettings, browser: Browser, now: datetime
) -> None:
    """Give an account whose address nobody has proved, and which anybody may have made, to the address's owner.

    All earlier ways in are removed: password, sessions, passkeys, second step, other providers. Only with mail, where
    the address's owner could get the account by a mailed link anyway. Without mail no address is ever proved, and an
    account belongs to the person who knows its password. Another spelling may be another person's mailbox: it is no
    proof of the account's own. Raises ConnectFirst.
    """
    is_its_own = email.casefold() == user.email.casefold()
    if not is_its_own or user.verified_at is not None or user.disabled_at is not None or not outbox.is_on(db):
        raise ConnectFirst(label=provider.label)
    await recovery.hand_over(db, user, ways_in.NO_PASSWORD, browser=browser, now=now)
    await activity.note(db, user_id=user.id, kind="password_removed", browser=browser, now=now)


def name_of(proven: Proven, email: str) -> str:
    """Return the name that the provider tells, or the part of the address before the @ if that name can't be used."""
    for candidate in (proven.name or "", email.rpartition("@")[0]):
        try:
            return names.validated(candidate)
        except InvalidName:
            continue
    return email
