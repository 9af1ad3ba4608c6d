"""Two admins who act on each other at the same moment."""

import asyncio

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quart_auth_app import clock
from quart_auth_app.accounts import sessions
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.errors import SessionRevoked
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import User
from quart_auth_app.operations import acts
from tests.waits import until_another_waits

HERE = Browser(address="10.0.0.1")


@pytest.mark.parametrize("act", ["disable", "revoke-sessions", "delete"])
async def test_one_waits_for_the_other(database: Database, act: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL each would otherwise hold what the other waits for."""
    insist = acts.Admin.insist

    async def insist_slowly(by: acts.Admin, db: AsyncSession) -> None:
        await insist(by, db)
        await until_another_waits(database, db)

    monkeypatch.setattr(acts.Admin, "insist", insist_slowly)
    async with database.transaction() as db:
        db.add_all([User(email=name, email_key=name, name=name, password="none", roles=["admin"]) for name in "ab"])
        await db.flush()
        one, other = await db.scalars(select(User).order_by(User.id))
        found = {user.id: await _logged_in(db, user) for user in (one, other)}

    async def act_on(user: User, by: User) -> None:
        async with database.transaction() as db:
            admin = acts.Admin(found=found[by.id], browser=HERE)
            await acts.carry_out(db, act, acts.Wish(user=user, now=clock.now()), by=admin)

    ended = await asyncio.gather(act_on(other, one), act_on(one, other), return_exceptions=True)
    assert [type(each) for each in ended] in ([type(None), SessionRevoked], [SessionRevoked, type(None)])


async def _logged_in(db: AsyncSession, user: User) -> sessions.Found:
    here = {"address": HERE.address, "user_agent": ""}
    started = await sessions.start(db, user=user, remember=False, now=clock.now(), replaces=None, **here)
    assert started
    return sessions.Found({"id": started.number, "replaced_by": None}, {"id": user.id})
