"""Who was refused a moment ago is refused again without the database, and gets in as soon as the count allows it."""

from datetime import UTC, datetime, timedelta

import pytest
from quart import Quart

from quart_auth_app.accounts.throttling import refusals as module
from quart_auth_app.accounts.throttling.limits import LOG_IN_BY_ADDRESS
from quart_auth_app.accounts.throttling.refusals import LASTS, Refusals
from quart_auth_app.database.units_of_work import Database
from tests.counting import Costs, counting
from tests.people import Client, Clock, elsewhere

NOW = datetime(2030, 1, 1, tzinfo=UTC)
COUNTER = (LOG_IN_BY_ADDRESS, "192.0.2.1/32")
MINUTE = timedelta(minutes=1)


def test_a_refusal_is_believed_for_a_second_and_never_beyond_its_window() -> None:
    refusals = Refusals()
    refusals.cache(COUNTER, ends_at=NOW + MINUTE, now=NOW)
    assert refusals.covers(COUNTER, now=NOW + LASTS - timedelta(milliseconds=1))
    assert not refusals.covers(COUNTER, now=NOW + LASTS)
    refusals.cache(COUNTER, ends_at=NOW + LASTS / 2, now=NOW)
    assert not refusals.covers(COUNTER, now=NOW + LASTS / 2)


def test_a_clock_that_was_set_back_does_not_make_it_last() -> None:
    refusals = Refusals()
    refusals.cache(COUNTER, ends_at=NOW + MINUTE, now=NOW)
    assert not refusals.covers(COUNTER, now=NOW - MINUTE)


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_REMEMBERED", 3)
    refusals = Refusals()
    for number in range(5):
        refusals.cache((LOG_IN_BY_ADDRESS, str(number)), ends_at=NOW + MINUTE, now=NOW)
    assert len(refusals._ends) == 3
    refusals.cache(COUNTER, ends_at=NOW + 2 * MINUTE, now=NOW + LASTS)
    assert list(refusals._ends) == [COUNTER]


@pytest.mark.asvs("2.4.1", "15.2.2")
async def test_a_refused_address_costs_the_database_nothing_and_no_place_in_line(
    app: Quart, client: Client, database: Database, time: Clock
) -> None:
    for number in range(LOG_IN_BY_ADDRESS.attempts + 1):
        await client.post("/login", form={"email": f"user{number}@example.com", "password": "x"})
    with counting(database) as costs:
        response = await client.post("/login", form={"email": "another@example.com", "password": "x"})
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) == 60
    assert costs == Costs()


async def test_a_log_in_that_succeeds_lets_the_next_one_in_at_once(
    app: Quart, client: Client, bob: dict[str, str], time: Clock
) -> None:
    for _ in range(4):
        await app.test_client().post("/login", form=bob | {"password": "wrong"}, **elsewhere())
    await client.post("/login", form=bob)
    statuses = [(await app.test_client().post("/login", form=bob, **elsewhere())).status_code for _ in range(6)]
    assert statuses == [302] * 6
