"""What happens to an account while a mailed link to it is being used."""

import asyncio
from typing import Any
from unittest.mock import AsyncMock

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app import clock
from quart_auth_app.accounts import email_changes, outbox, recovery, sessions, tokens
from quart_auth_app.accounts.browsers import OPERATOR
from quart_auth_app.accounts.errors import LinkUsed, SessionRevoked
from quart_auth_app.accounts.factors.identities import Proven
from quart_auth_app.accounts.signing_up import identity_sign_ups
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import User
from quart_auth_app.settings.providers import ProviderSettings
from tests.people import BOB
from tests.waits import until_another_waits


@pytest.fixture
async def bob(database: Database) -> User:
    """Bob, whose address is proved."""
    async with database.transaction() as db:
        db.add(user := User(email=BOB["email"], email_key=BOB["email"], name="Bob", password="no hash"))
        user.verified_at = clock.now()
    return user


@pytest.mark.asvs("15.4.2")
async def test_the_address_does_not_change_between_a_links_use_and_its_effect(database: Database, bob: User) -> None:
    """Otherwise a thief's new address would survive the owner's new password."""
    here = {"address": "10.0.0.1", "user_agent": ""}
    async with database.transaction() as db:
        token = await tokens.issue_reset(db, user=bob, now=clock.now())
        thief = await sessions.start(db, user=bob, remember=False, now=clock.now(), replaces=None, **here)
        assert thief
    found = sessions.Found({"id": thief.number, "replaced_by": None}, {"id": bob.id})
    is_used = asyncio.Event()

    async def use() -> None:
        async with database.transaction() as db:
            await tokens.consume(db, token=token, purpose=tokens.RESET, now=clock.now())
            is_used.set()
            await until_another_waits(database, db)
            await recovery.give_password(db, bob, "another hash")

    async def change() -> None:
        await is_used.wait()
        at = clock.now()
        await email_changes.change_at_once(
            database.transaction, found=found, email="thief@example.com", browser=OPERATOR, now=at
        )

    _, refused = await asyncio.gather(use(), change(), return_exceptions=True)
    async with database.reading() as db:
        stored = (await db.scalars(select(User))).one()
    assert (stored.email, stored.password, type(refused)) == (BOB["email"], "another hash", SessionRevoked)


async def test_two_links_for_logging_in_that_are_opened_at_once_wait_for_each_other(
    database: Database, bob: User
) -> None:
    """On PostgreSQL each would otherwise hold what the other waits for."""
    async with database.transaction() as db:
        links = [(await tokens.issue_log_in(db, user=bob, now=clock.now()))[1] for _ in range(2)]

    async def use(token: str) -> None:
        async with database.transaction() as db:
            await tokens.consume(db, token=token, purpose=tokens.LOG_IN, now=clock.now())
            await until_another_waits(database, db)
            await tokens.use_up_log_ins(db, user_id=bob.id, now=clock.now())

    ended = await asyncio.gather(*map(use, links), return_exceptions=True)
    assert sorted(str(type(each)) for each in ended) == sorted(map(str, (type(None), LinkUsed)))


async def test_an_account_that_is_given_to_its_addresss_owner_keeps_that_address(
    database: Database, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has made it with another person's address could otherwise take it back by mail to the new one."""
    here = {"address": "10.0.0.1", "user_agent": ""}
    async with database.transaction() as db:
        await db.execute(update(User).values(verified_at=None))
        stranger = await sessions.start(db, user=bob, remember=False, now=clock.now(), replaces=None, **here)
        assert stranger
    found = sessions.Found({"id": stranger.number, "replaced_by": None}, {"id": bob.id})
    is_given, hand_over = asyncio.Event(), recovery.hand_over
    monkeypatch.setattr(outbox, "is_on", lambda _db: True)
    monkeypatch.setattr(outbox, "queue", AsyncMock())

    async def hand_over_slowly(db: AsyncSession, *arguments: Any, **named: Any) -> None:
        is_given.set()
        await until_another_waits(database, db)
        await hand_over(db, *arguments, **named)

    monkeypatch.setattr(recovery, "hand_over", hand_over_slowly)

    async def change() -> None:
        await is_given.wait()
        at = clock.now()
        await email_changes.change_at_once(
            database.transaction, found=found, email="thief@example.com", browser=OPERATOR, now=at
        )

    giving = identity_sign_ups.become_known(
        database.transaction,
        proven=Proven(issuer="i", subject="s", email=BOB["email"], email_verified=True, name="Bob"),
        provider=ProviderSettings(name="fake", issuer="i", client_id="c", client_secret="s", label="Fake"),
        may_sign_up=True,
        own={},
        name=None,
        browser=OPERATOR,
        now=clock.now(),
    )
    given, refused = await asyncio.gather(giving, change(), return_exceptions=True)
    async with database.reading() as db:
        stored = (await db.scalars(select(User))).one()
    assert (given, stored.email, type(refused)) == (False, BOB["email"], SessionRevoked)
