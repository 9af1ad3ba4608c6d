"""Logging out in one browser while another changes the account's address."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app import clock
from quart_auth_app.accounts import email_changes, log_in, sessions
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import User
from tests.waits import until_another_waits


async def test_one_waits_for_the_other(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL each would otherwise hold what the other waits for."""
    revoke, is_going = sessions.revoke, asyncio.Event()
    async with database.transaction() as db:
        db.add(user := User(email="a@x.com", email_key="a@x.com", name="Bob", password="none"))
        await db.flush()
        here = {"address": "10.0.0.1", "user_agent": ""}
        one, other = [
            await sessions.start(db, user=user, remember=False, now=clock.now(), replaces=None, **here)
            for _ in range(2)
        ]
        assert one
        assert other
    browser = Browser(address="10.0.0.1", token=other.token)

    async def revoke_slowly(db: AsyncSession, *, token: str) -> None:
        await revoke(db, token=token)
        is_going.set()
        await until_another_waits(database, db)

    monkeypatch.setattr(sessions, "revoke", revoke_slowly)

    async def log_out() -> None:
        async with database.transaction() as db:
            await log_in.log_out(db, user_id=user.id, browser=browser, now=clock.now())

    async def change() -> None:
        await is_going.wait()
        found = sessions.Found({"id": one.number, "replaced_by": None}, {"id": user.id})
        at = clock.now()
        await email_changes.change_at_once(database.transaction, found=found, email="b@x.com", browser=browser, now=at)

    await asyncio.gather(log_out(), change())
