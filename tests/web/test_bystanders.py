"""Whatever a person does, by any form, changes no row of anybody else, and takes as long among a million others.

The others have lower numbers and higher ones.
"""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from quart_auth_app.accounts.credentials import ways_in
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Identity, User
from tests import plans
from tests.bystanders import add_bystanders, rows_of_bystanders
from tests.conftest import services_of
from tests.web.test_second_clicks import FORMS, Filled, Site, clicked, read, site

__all__ = ["site"]  # a fixture

WITH_ACTS_ON_ALL = {"/admin/mail/retry": {"mail"}}
"""Forms that are about everybody's rows, and the tables of these."""

FINDS_ALL = "SELECT mail.id"
"""How such a form finds them, without a lock. What it changes it finds by number."""


@pytest.mark.asvs("8.2.2")
@pytest.mark.parametrize("name", FORMS)
async def test_a_form_changes_no_row_of_anybody_else_and_reads_no_whole_table(site: Site, name: str) -> None:
    filled: Filled = await FORMS[name](site)
    database = services_of(site.app).database
    async with database.transaction() as db:
        await add_bystanders(db, at=site.time.now + timedelta(hours=1))
    async with database.reading() as db:
        before = await rows_of_bystanders(db)
    assert all(before.values())
    with plans.sent_to(database) as sent:
        (response, *_), cookies = await clicked(site, filled, "the cookies of before")
        assert filled.said in (await read(site, response, cookies))[0]
    async with database.reading() as db:
        after = await rows_of_bystanders(db)
    about_all = WITH_ACTS_ON_ALL.get(name, set())
    assert {table: rows for table, rows in after.items() if table not in about_all} == {
        table: rows for table, rows in before.items() if table not in about_all
    }
    whole = await plans.whole_reads(database, sent)
    assert {sql: read for sql, read in whole.items() if not (name in WITH_ACTS_ON_ALL and FINDS_ALL in sql)} == {}


async def test_what_others_log_in_with_is_no_way_in_to_ones_own_account(
    bob: dict[str, str], database: Database
) -> None:
    async with database.transaction() as db:
        await add_bystanders(db, at=datetime.now(UTC))
        db.info[ways_in.ISSUERS] = frozenset(await db.scalars(select(Identity.issuer)))
        (number,) = await db.scalars(
            update(User).where(User.email == bob["email"]).values(password=ways_in.NO_PASSWORD).returning(User.id)
        )
        with pytest.raises(ways_in.LastWayIn):
            await ways_in.insist_on_another(db, user_id=number)
