"""Log-in tells nobody which accounts exist: same bytes, same work, same time."""

import asyncio
import re
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from passlib.hash import bcrypt_sha256
from quart import Quart
from sqlalchemy import select, update

from quart_auth_app.accounts import sessions, users
from quart_auth_app.accounts.credentials.ways_in import NO_PASSWORD
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import User
from tests.conftest import services_of
from tests.people import BOB, EVE, Accounts, Client, elsewhere, is_logged_in
from tests.waits import until_another_waits

TIMINGS = 200
KINDS = {"known": BOB["email"], "unknown": "nobody@example.com", "disabled": EVE["email"]}


@pytest.fixture
async def known_and_disabled(accounts: Accounts, database: Database) -> None:
    """Bob has an account, Eve had one."""
    await accounts.sign_up(**BOB)
    eve = await accounts.sign_up(**EVE)
    async with database.transaction() as db:
        await users.disable(db, user=eve, now=datetime.now(UTC))


async def everything(client: Client, email: str, password: str) -> str:
    """Return all that the client gets to see, without what is random in every answer."""
    seen = []
    response = await client.post("/login", form={"email": email, "password": password}, **elsewhere())
    for answer in (response, await client.get("/login")):
        headers = sorted(f"{name}: {value}" for name, value in answer.headers.items())
        seen += [str(answer.status_code), *headers, await answer.get_data(as_text=True)]
    random = r"(?i)(x-request-id: \w+|(flash|visit)=[^;]*|&#34;challenge&#34;: &#34;[^&]*|content-length: \d+)"
    return re.sub(random, "", "\n".join(seen)).replace(email, "")


def counted_hashes(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that fills with the rounds of every hash of today's kind that is computed."""
    costs: list[int] = []
    verify = bcrypt_sha256.verify.__func__

    def counted(cls: type, secret: str, password_hash: str) -> bool:
        costs.append(bcrypt_sha256.from_string(password_hash).rounds)
        return bool(verify(cls, secret, password_hash))

    handler = accounts.services.passwords._hasher._context.handler("bcrypt_sha256")
    monkeypatch.setattr(handler, "verify", classmethod(counted))
    return costs


@pytest.mark.usefixtures("known_and_disabled")
async def test_every_kind_of_account_gets_the_same_answer(app: Quart) -> None:
    answers = {kind: await everything(app.test_client(), email, "wrong") for kind, email in KINDS.items()}
    assert answers["known"] == answers["unknown"] == answers["disabled"]
    # Not even the right password tells a disabled account from one that never was.
    assert await everything(app.test_client(), EVE["email"], EVE["password"]) == answers["unknown"]


@pytest.mark.usefixtures("known_and_disabled")
async def test_every_kind_of_account_costs_one_hash(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    costs = counted_hashes(accounts, monkeypatch)
    for email in KINDS.values():
        assert not await accounts.log_in(email=email, password="wrong")
    assert costs == [4, 4, 4]


@pytest.mark.parametrize("stored", [f"sha256$salt${'0' * 64}", NO_PASSWORD, "$2b$12$broken"])
@pytest.mark.usefixtures("known_and_disabled")
async def test_an_old_hash_or_none_costs_todays_too(
    accounts: Accounts, database: Database, monkeypatch: pytest.MonkeyPatch, stored: str
) -> None:
    """Or the clock would tell who has not logged in since the move from Flask, or logs in by a passkey only."""
    async with database.transaction() as db:
        await db.execute(update(User).values(password=stored))
    costs = counted_hashes(accounts, monkeypatch)
    assert not await accounts.log_in(email=BOB["email"], password="wrong")
    assert costs == [4]


async def changed_password(accounts: Accounts, user: User) -> None:
    """Give the user another password."""
    here = accounts.services
    await users.set_password(here.database.transaction, here.passwords, user=user, password=EVE["password"], site="")


async def disabled(accounts: Accounts, user: User) -> None:
    """Disable the account."""
    async with accounts.services.database.transaction() as db:
        await users.disable(db, user=user, now=datetime.now(UTC))


async def removed(accounts: Accounts, user: User) -> None:
    """Delete the account."""
    async with accounts.services.database.transaction() as db:
        await users.delete_user(db, user=user)


@pytest.mark.parametrize("happens", [changed_password, disabled, removed])
@pytest.mark.asvs("15.4.2")
async def test_what_happens_to_the_account_while_the_password_is_verified_counts(
    app: Quart,
    client: Client,
    bob: dict[str, str],
    accounts: Accounts,
    happens: Callable[[Accounts, User], Awaitable[None]],
) -> None:
    """Between the verification and the session's start an owner, or an operator, may have locked somebody out."""
    passwords = services_of(app).passwords
    verify = passwords.verify

    async def verify_slowly(password: str, stored: str | None) -> tuple[bool, str | None]:
        result = await verify(password, stored)
        async with services_of(app).database.reading() as db:
            user = (await db.scalars(select(User))).one()
        await happens(accounts, user)
        return result

    passwords.verify = verify_slowly  # type: ignore[method-assign]  # the same, but slow
    response = await client.post("/login", form=bob)
    assert response.headers["Location"] == "/login"
    assert not await is_logged_in(client)


@pytest.mark.asvs("15.4.2")
async def test_a_session_does_not_start_while_the_password_is_being_changed(
    accounts: Accounts, database: Database
) -> None:
    user = await accounts.sign_up(**BOB)
    now = datetime.now(UTC)

    async def start() -> sessions.Started | None:
        async with database.transaction() as db:
            return await sessions.start(
                db, user=user, remember=False, address="", user_agent="", now=now, replaces=None
            )

    async with database.transaction() as db:
        await db.execute(update(User).values(password_version=User.password_version + 1))
        starting = asyncio.create_task(start())
        await until_another_waits(database, db, starting)
    assert await starting is None


async def test_a_session_of_a_disabled_account_is_none(bob: dict[str, str], database: Database) -> None:
    now = datetime.now(UTC)
    async with database.transaction() as db:
        user = (await db.scalars(select(User))).one()
        started = await sessions.start(db, user=user, remember=False, address="", user_agent="", now=now, replaces=None)
    assert started
    assert await sessions.by_token(database.look_up, token=started.token, now=now)
    async with database.transaction() as db:
        await db.execute(update(User).values(disabled_at=now))
    assert await sessions.by_token(database.look_up, token=started.token, now=now) is None


@pytest.mark.usefixtures("known_and_disabled")
async def test_every_kind_of_account_takes_the_same_time(accounts: Accounts) -> None:
    """Medians of 200, taken in turn so that the machine's moods meet all kinds alike.

    The hash is the cheapest there is; at its real cost, 256 times this, any difference would be a fraction of it. A
    difference of the code's own shows in every round, one of a busy machine hardly in three.
    """
    rounds: list[dict[str, float]] = []
    while len(rounds) < 3:
        rounds.append(await medians(accounts, len(rounds)))
        if max(rounds[-1].values()) < 1.15 * min(rounds[-1].values()):
            return
    pytest.fail(f"seconds in three rounds: {rounds}")


async def medians(accounts: Accounts, number: int) -> dict[str, float]:
    """Measure a round: the seconds that a refused log-in takes for each kind of account."""
    took: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(TIMINGS):
        for kind, email in KINDS.items():
            tomorrow = datetime.now(UTC) + timedelta(days=number * TIMINGS + len(took[kind]))  # no limit is reached
            started = time.perf_counter()
            await accounts.log_in(email=email, password="wrong", now=tomorrow)
            took[kind].append(time.perf_counter() - started)
    return {kind: statistics.median(times) for kind, times in took.items()}


@pytest.mark.asvs("7.4.2", "8.3.2")
async def test_a_disabled_account_is_out_on_the_next_request_and_back_when_enabled(
    app: Quart, client: Client, bob: dict[str, str], database: Database
) -> None:
    await client.post("/login", form=bob)
    async with services_of(app).database.transaction() as db:
        user = (await db.scalars(select(User))).one()
        await users.disable(db, user=user, now=datetime.now(UTC))
    assert not await is_logged_in(client)
    await client.post("/login", form=bob)
    assert not await is_logged_in(client)
    async with database.transaction() as db:
        await users.enable(db, user=user, now=datetime.now(UTC))
    await client.post("/login", form=bob)
    assert await is_logged_in(client)
