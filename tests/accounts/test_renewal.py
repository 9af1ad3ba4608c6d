"""A session gets a new token when its owner proves who they are; the old one counts for the rest of a double click."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from quart_auth_app.accounts import sessions, users
from quart_auth_app.accounts.sessions import Found, Renewed
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Session, User
from quart_auth_app.operations import pruning
from tests.people import BOB, Accounts

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=20)


@dataclass
class Somebody:
    """A user with a session, and what can be done with it."""

    database: Database
    user: User
    token: str = ""

    async def start(self) -> str:
        """Begin a session."""
        async with self.database.transaction() as db:
            started = await sessions.start(
                db, user=self.user, remember=False, address="", user_agent="", now=NOW, replaces=None
            )
        assert started
        return started.token

    async def found(self, token: str, now: datetime = LATER) -> Found | None:
        """Look the token up."""
        return await sessions.by_token(self.database.look_up, token=token, now=now)

    async def number(self, token: str, now: datetime = LATER) -> int:
        """Return the number of the token's session."""
        found = await self.found(token, now)
        assert found
        number: int = found.session["id"]
        return number

    async def renew(self, number: int, now: datetime = LATER, *, after: str | None = None) -> Renewed | None:
        """Renew a session."""
        async with self.database.transaction() as db:
            version = await db.scalar(select(User.password_version))
            return await sessions.renew(db, session_id=number, password_version=version or 0, now=now, after=after)


@pytest.fixture
async def somebody(accounts: Accounts, database: Database) -> Somebody:
    """Bob, logged in."""
    bob = Somebody(database, await accounts.sign_up(**BOB))
    bob.token = await bob.start()
    return bob


@pytest.mark.asvs("7.2.4")
async def test_the_new_token_goes_on_and_the_old_one_ends_after_15_seconds(somebody: Somebody) -> None:
    before = await somebody.found(somebody.token)
    renewed = await somebody.renew(1)
    assert renewed
    after = await somebody.found(renewed.token)
    assert before
    assert after
    for kept in ("user_id", "created_at", "remember", "address", "user_agent", "methods"):
        assert after.session[kept] == before.session[kept]
    assert after.session["authenticated_at"] == after.session["last_seen_at"] == LATER
    end = LATER + sessions.REPLACED_LASTS
    assert await somebody.found(somebody.token, end - timedelta(seconds=1))
    assert not await somebody.found(somebody.token, end)
    assert await somebody.found(renewed.token, end)


async def test_who_comes_by_the_old_token_gets_another_one_and_the_unused_one_is_deleted(somebody: Somebody) -> None:
    first = await somebody.renew(1)
    second = await somebody.renew(1, LATER + timedelta(seconds=10))
    assert first
    assert second
    assert not await somebody.found(first.token)
    assert await somebody.found(second.token)
    assert await somebody.found(somebody.token)
    assert not await somebody.found(somebody.token, LATER + sessions.REPLACED_LASTS), "the time is not prolonged"


async def test_a_chain_of_renewals_leaves_one_session(somebody: Somebody, database: Database) -> None:
    one = await somebody.renew(1)
    assert one
    two = await somebody.renew(one.number)
    three = await somebody.renew(1)
    assert two
    assert three
    assert await somebody.found(somebody.token)
    assert await somebody.found(three.token)
    async with database.reading() as db:
        assert [each.id for each, _ in await sessions.active(db, now=LATER)] == [three.number]
        assert await sessions.count_active(db, now=LATER) == 1


async def test_ten_renewals_at_once_leave_one_session(somebody: Somebody, database: Database) -> None:
    renewed = await asyncio.gather(*(somebody.renew(1) for _ in range(10)))
    assert all(renewed)
    async with database.reading() as db:
        assert len(await sessions.active(db, now=LATER)) == 1
    still = [each for each in renewed if each and await somebody.found(each.token)]
    assert len(still) == 1


@pytest.mark.parametrize("by", ["old", "new"])
async def test_logging_out_by_either_token_ends_both(somebody: Somebody, by: str) -> None:
    renewed = await somebody.renew(1)
    assert renewed
    async with somebody.database.transaction() as db:
        await sessions.revoke(db, token=somebody.token if by == "old" else renewed.token)
    assert not await somebody.found(somebody.token)
    assert not await somebody.found(renewed.token)


async def test_a_double_click_gets_the_same_token_twice(somebody: Somebody) -> None:
    first, second = [await somebody.renew(1, after=somebody.token) for _ in range(2)]
    assert first
    assert first == second


async def test_a_late_click_by_the_first_token_gets_one_though_its_successor_was_renewed_too(
    somebody: Somebody,
) -> None:
    second = await somebody.renew(1, after=somebody.token)
    assert second
    assert await somebody.renew(second.number, after=second.token)
    late = await somebody.renew(1, after=somebody.token)
    assert late
    assert await somebody.found(late.token)


async def test_a_revoked_expired_or_outdated_session_is_not_renewed(somebody: Somebody, database: Database) -> None:
    assert not await somebody.renew(1, NOW + sessions.IDLE)
    async with database.transaction() as db:
        assert not await sessions.renew(db, session_id=1, password_version=7, now=LATER)
    assert await somebody.found(somebody.token)
    async with database.transaction() as db:
        await users.disable(db, user=somebody.user, now=NOW)
    assert not await somebody.renew(1)


async def test_all_others_end_and_what_was_renewed_into_this_one_stays(somebody: Somebody, database: Database) -> None:
    other = await somebody.start()
    renewed = await somebody.renew(1)
    assert renewed
    async with database.transaction() as db:
        assert await sessions.revoke_others(db, user_id=1, keep=renewed.number) == 1
    assert not await somebody.found(other)
    assert await somebody.found(renewed.token)
    found = await somebody.found(somebody.token)
    assert found
    assert found.number == renewed.number


async def test_pruning_deletes_replaced_sessions(somebody: Somebody, database: Database) -> None:
    await somebody.renew(1)
    for later, left in ((sessions.REPLACED_LASTS - timedelta(seconds=1), 2), (sessions.REPLACED_LASTS, 1)):
        await pruning.prune(database, now=LATER + later)
        async with database.reading() as db:
            assert len((await db.scalars(select(Session.id))).all()) == left


async def test_a_method_is_added_to_one_session_alone(somebody: Somebody, database: Database) -> None:
    numbers = [await somebody.number(await somebody.start()) for _ in range(3)]
    async with database.transaction() as db:
        await sessions.add_method(db, session_id=numbers[1], method="totp")
        query = select(Session.methods).where(Session.id.in_(numbers)).order_by(Session.id)
        assert list(await db.scalars(query)) == ["password", "password totp", "password"]
