"""Whoever changes an account again and again fills nobody's disk, and keeps its owner from nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from quart_auth_app.accounts.browsers import OPERATOR, Browser
from quart_auth_app.accounts.errors import TooManyAttempts
from quart_auth_app.accounts.history import activity
from quart_auth_app.accounts.history.activity_kinds import LIMITED
from quart_auth_app.accounts.throttling import limits
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import SecurityEvent, User
from tests.people import BOB, Accounts, Client, Clock, text

JSON = {"Accept": "application/json"}
NOW = datetime(2030, 1, 1, tzinfo=UTC)
NEW_PASSWORD = {"current_password": BOB["password"], "password": "Windy badger ladder 43"}


async def test_beyond_the_limit_nothing_changes_and_nothing_is_written_for_a_day(
    client: Client, bob: dict[str, str], database: Database, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CHANGES_OF_ACCOUNT", replace(limits.CHANGES_OF_ACCOUNT, attempts=2))
    await client.post("/login", form=bob)
    for name in ("Bob 1", "Bob 2"):
        assert (await client.post("/account/name", form={"name": name})).status_code == 302
    refused = await client.post("/account/name", form={"name": "Bob 3"})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 86_000
    assert "too many attempts" in await text(refused)
    in_json = await client.post("/account/name", json={"name": "Bob 3"}, headers=JSON)
    assert (in_json.status_code, (await in_json.get_json())["code"]) == (429, "TooManyAttempts")
    async with database.reading() as db:
        changed = select(func.count()).where(SecurityEvent.kind == "name_changed")
        assert (await db.scalar(select(User.name)), await db.scalar(changed)) == ("Bob 2", 2)
    assert (await client.post("/account/password", form=NEW_PASSWORD)).status_code == 302, "another kind"
    time.now += timedelta(days=1, minutes=5)
    assert (await client.post("/account/name", form={"name": "Bob 3"})).status_code == 302


async def test_each_kind_is_counted_apart_and_an_operator_is_not(accounts: Accounts, database: Database) -> None:
    user, browser = await accounts.sign_up(**BOB), Browser(address="10.0.0.1")
    for kind in LIMITED:
        async with database.transaction() as db:
            for _ in range(limits.CHANGES_OF_ACCOUNT.attempts):
                await activity.note(db, user_id=user.id, kind=kind, browser=browser, now=NOW)
        with pytest.raises(TooManyAttempts):
            async with database.transaction() as db:
                await activity.note(db, user_id=user.id, kind=kind, browser=browser, now=NOW)
        async with database.transaction() as db:
            await activity.note(db, user_id=user.id, kind=kind, browser=OPERATOR, now=NOW)


async def test_what_takes_something_back_is_not_counted(accounts: Accounts, database: Database) -> None:
    user = await accounts.sign_up(**BOB)
    async with database.transaction() as db:
        for kind in ("passkey_removed", "access_key_revoked", "second_step_off", "sessions_revoked", "password_reset"):
            for _ in range(limits.CHANGES_OF_ACCOUNT.attempts + 1):
                await activity.note(db, user_id=user.id, kind=kind, browser=Browser(address="10.0.0.1"), now=NOW)
