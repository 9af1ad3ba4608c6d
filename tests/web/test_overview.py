"""The admins' overview: what has happened in the last 30 days, in pictures and in numbers."""

import re
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import select

from quart_auth_app.accounts.history import daily_counts
from quart_auth_app.accounts.history.daily_counts import DailyCounts
from quart_auth_app.database.errors import DatabaseAway
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import DailyCount
from quart_auth_app.operations import housekeeping
from quart_auth_app.web.charts import HEIGHT, WIDTH, bars
from tests.conftest import services_of
from tests.people import BOB, EVE, Client, Clock, text
from tests.web.test_admin import admin

__all__ = ["admin"]

JSON = {"Accept": "application/json"}


async def days(client: Client) -> list[dict[str, object]]:
    """Return the days that the page tells."""
    found: list[dict[str, object]] = (await (await client.get("/admin", headers=JSON)).get_json())["days"]
    return found


async def test_what_people_do_is_counted_by_day(app: Quart, admin: Client, time: Clock) -> None:
    eve = app.test_client()
    await eve.get("/admin/users")
    await eve.post("/signup", form=EVE)
    await eve.post("/login", form=EVE | {"password": "wrong"})
    await eve.post("/login", form=EVE)
    assert (await eve.get("/admin")).status_code == 403
    found = await days(admin)
    assert len(found) == daily_counts.DAYS
    today = {"sign_ups": 2, "log_ins": 2, "log_ins_failed": 1, "refusals": 1}
    assert found[-1] == {"day": f"{time.now:%Y-%m-%d}"} | today
    assert all(sum(day[name] for name in today) == 0 for day in found[:-1])  # type: ignore[misc]  # JSON
    await services_of(app).daily_counts.write(services_of(app).database.transaction)
    assert (await days(admin))[-1] == found[-1], "written down or not"


async def test_counts_of_all_processes_add_up_and_old_ones_go(database: Database, time: Clock) -> None:
    one, another = DailyCounts(), DailyCounts()
    for _ in range(2):
        for each in (one, another):
            each.count("log_in", now=time.now)
            each.count("mail_test", now=time.now)
            await each.write(database.transaction)
    async with database.reading() as db:
        assert [(row.event, row.count) for row in await db.scalars(select(DailyCount))] == [("log_in", 4)]
        assert (await one.days(db, now=time.now))[-1].log_ins == 4
    time.advance(timedelta(days=daily_counts.DAYS - 1))
    async with database.reading() as db:
        assert [day.log_ins for day in await one.days(db, now=time.now)] == [4] + [0] * (daily_counts.DAYS - 1)
    time.advance(timedelta(days=1))
    async with database.reading() as db:
        assert {day.log_ins for day in await one.days(db, now=time.now)} == {0}
    time.advance(timedelta(days=1))
    await housekeeping.keep_house(database, now=time.now)
    async with database.reading() as db:
        assert len((await db.scalars(select(DailyCount))).all()) == 1, "another server may have another date"
    time.advance(timedelta(days=1))
    await housekeeping.keep_house(database, now=time.now)
    async with database.reading() as db:
        assert (await db.scalars(select(DailyCount))).all() == []


async def test_what_could_not_be_written_down_is_written_later(database: Database, time: Clock) -> None:
    counts = DailyCounts()
    counts.count("throttled", now=time.now)

    def away() -> object:
        raise DatabaseAway("away")

    with pytest.raises(DatabaseAway):
        await counts.write(away)  # type: ignore[arg-type]  # no unit of work at all
    await counts.write(database.transaction)
    async with database.reading() as db:
        assert (await DailyCounts().days(db, now=time.now))[-1].refusals == 1


async def test_they_are_written_down_when_the_server_ends(app: Quart, database: Database, time: Clock) -> None:
    async with app.test_app() as serving:
        await serving.test_client().post("/signup", form=BOB)
    async with database.reading() as db:
        assert (await DailyCounts().days(db, now=time.now))[-1].sign_ups == 1


async def test_pictures_have_words_and_neither_scripts_nor_styles(admin: Client) -> None:
    response = await admin.get("/admin")
    source = await response.get_data(as_text=True)
    assert 'role="img" aria-label="Sign-ups by day; 1 in all"' in source
    assert 'role="img" aria-label="Log-ins by day; 1 succeeded, 0 failed"' in source
    assert 'role="img" aria-label="Refusals by day; 0 in all"' in source
    main = source[source.index("<main") :] if "<main" in source else source
    assert not re.search(r"<script|style=", main)
    assert re.search(r"\d\d-\d\d 1 1 0 0", await text(response)), "the table has the same numbers"


def test_bars_stand_on_each_other_and_within_the_picture() -> None:
    drawn = bars([1, 0, 2], [1, 0, 2])
    assert [(bar.series, bar.y, bar.height) for bar in drawn] == [(0, 45, 15), (1, 30, 15), (0, 30, 30), (1, 0, 30)]
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH and bar.y + bar.height <= HEIGHT for bar in drawn)
    assert bars([0, 0]) == []


def test_bars_have_two_decimals_at_most() -> None:
    small, large = bars([1, 0, 0, 0, 0, 0, 7])
    assert (small.x, small.y, small.width, small.height) == (0, 51.43, 40.86, 8.57)
    assert (large.x, large.y, large.width, large.height) == (257.14, 0, 40.86, 60)
