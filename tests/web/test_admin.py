"""The pages of admins."""

import re

import pytest
from quart import Quart
from sqlalchemy import text as sql

from quart_auth_app.accounts import sudo
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.operations import search
from tests.counting import counting
from tests.people import BOB, EVE, Accounts, Client, Clock, Events, is_logged_in, text
from tests.second_steps import shown_code
from tests.web.test_roles import grant, log_in

JSON = {"Accept": "application/json"}


@pytest.fixture
async def admin(time: Clock, app: Quart) -> Client:
    """Bob, who is user 1 and an admin, has logged in with a second step."""
    client = await log_in(app)
    await grant(app, "admin")
    await client.post("/account/second-step")
    await client.post("/account/second-step/confirm", form={"code": await shown_code(client)})
    return client


@pytest.fixture
async def eve(app: Quart, admin: Client) -> Client:
    """Eve, who is user 2."""
    client = app.test_client()
    await client.post("/signup", form=EVE)
    await client.post("/login", form=EVE)
    return client


async def kinds(client: Client) -> list[str]:
    """Return what the person's own activity page says, newest first."""
    found = await (await client.get("/account/activity", headers=JSON)).get_json()
    return [event["kind"] for event in found["events"]]


async def test_nobody_else_gets_in(app: Quart, admin: Client, eve: Client) -> None:
    for path in ("/admin/users", "/admin/users/1"):
        assert (await eve.get(path)).status_code == 403
        assert (await app.test_client().get(path)).status_code == 302
    assert (await eve.post("/admin/users/1/disable")).status_code == 403
    assert await is_logged_in(admin)
    assert "People" not in await text(await eve.get("/"))
    assert "People" in await text(await admin.get("/"))


@pytest.mark.parametrize("wanted", ["2", "eve@example.com", "EVE@", "eve", "ev"])
async def test_people_are_found(admin: Client, eve: Client, wanted: str) -> None:
    page = await admin.get("/admin/users", query_string={"search": wanted}, headers=JSON)
    assert [user["id"] for user in (await page.get_json())["users"]] == [2]
    assert "Eve" in await text(await admin.get("/admin/users", query_string={"search": wanted}))


@pytest.mark.parametrize("wanted", ["9", "zoe", "%", "_", "\0", "e\nv", "9" * 5000, "\U0010ffff"])
async def test_nobody_is_found_without_an_error(admin: Client, eve: Client, wanted: str) -> None:
    page = await admin.get("/admin/users", query_string={"search": wanted, "after": "x-y"}, headers=JSON)
    assert (page.status_code, await page.get_json()) == (200, {"users": [], "next": None})


async def test_a_person_is_shown_without_any_secret(admin: Client, eve: Client) -> None:
    page = await admin.get("/admin/users/2")
    assert "eve@example.com" in await text(page)
    assert "Passkeys – Access keys – Roles –" in await text(page)
    assert "$bcrypt" not in await page.get_data(as_text=True)
    found = await (await admin.get("/admin/users/2", headers=JSON)).get_json()
    assert (found["user"]["email"], found["has_second_step"], len(found["sessions"])) == ("eve@example.com", False, 1)
    assert (await admin.get("/admin/users/99")).status_code == 404


@pytest.mark.parametrize("act", ["disable", "revoke-sessions"])
async def test_an_act_stands_in_both_peoples_activity(admin: Client, eve: Client, events: Events, act: str) -> None:
    response = await admin.post(f"/admin/users/2/{act}")
    assert response.headers["Location"] == "/admin/users/2"
    assert "That is done." in await text(await admin.get("/admin/users/2"))
    assert not await is_logged_in(eve)
    assert (await kinds(admin))[0] == f"admin_{act.replace('-', '_')}"
    assert "of user 2" in await text(await admin.get("/account/activity"))
    (noted,) = [event for event in events.all if event["event"] == "admin_act"]
    assert (noted["act"], str(noted["on"])) == (act, "2")
    await admin.post("/admin/users/2/enable")
    await eve.post("/login", form=EVE)
    assert {"disable": "disabled", "revoke-sessions": "sessions_revoked"}[act] in await kinds(eve)


async def test_a_role_is_granted_and_withdrawn(admin: Client, eve: Client) -> None:
    await admin.post("/admin/users/2/grant", form={"role": "admin"})
    assert (await (await eve.get("/account", headers=JSON)).get_json())["roles"] == ["admin"]
    assert (await eve.get("/admin/users")).status_code == 403, "without a second step"
    await admin.post("/admin/users/2/withdraw", form={"role": "admin"})
    assert (await (await eve.get("/account", headers=JSON)).get_json())["roles"] == []
    refused = await admin.post("/admin/users/2/grant", form={"role": "kook"}, headers=JSON)
    assert (refused.status_code, (await refused.get_json())["field"]) == (422, "role")


async def test_an_account_is_deleted_only_with_its_address(admin: Client, eve: Client) -> None:
    refused = await admin.post("/admin/users/2/delete", form={"email": "bob@example.com"}, headers=JSON)
    assert (await refused.get_json())["code"] == "NotConfirmed"
    assert await is_logged_in(eve)
    await admin.post("/admin/users/2/delete", form={"email": "eve@example.com"})
    assert not await is_logged_in(eve)
    assert (await admin.get("/admin/users/2")).status_code == 404


async def test_an_account_that_a_sites_own_table_refers_to_is_not_deleted_and_the_page_says_why(
    admin: Client, eve: Client, database: Database
) -> None:
    async with database.transaction() as db:
        await db.execute(sql('CREATE TABLE orders (user_id INTEGER REFERENCES "user" (id))'))
        await db.execute(sql("INSERT INTO orders VALUES (2)"))
    refused = await admin.post("/admin/users/2/delete", form={"email": "eve@example.com"}, headers=JSON)
    assert (refused.status_code, (await refused.get_json())["code"]) == (409, "StillReferredTo")
    assert await is_logged_in(eve)


@pytest.mark.parametrize("act", ["disable", "delete", "withdraw"])
async def test_the_last_admin_stays(admin: Client, act: str) -> None:
    response = await admin.post(f"/admin/users/1/{act}", form={"role": "admin", "email": BOB["email"]}, headers=JSON)
    assert (response.status_code, (await response.get_json())["code"]) == (409, "LastAdmin")
    assert (await admin.get("/admin/users")).status_code == 200


async def test_acts_are_in_sudo_and_no_others_exist(admin: Client, eve: Client, time: Clock) -> None:
    assert (await admin.post("/admin/users/2/promote")).status_code == 404
    assert (await admin.post("/admin/users/99/disable", headers=JSON)).status_code == 404
    time.advance(sudo.LASTS)
    asked = await admin.post("/admin/users/2/disable")
    assert asked.status_code == 403
    assert "Change the account of user 2" in await text(asked)
    assert await is_logged_in(eve)


async def test_pages_go_on_to_the_last_person_and_each_is_there_once(
    accounts: Accounts, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "PAGE", 2)
    for number in range(3):
        await accounts.sign_up(**BOB | {"email": f"ann{number}@example.com", "name": "Ann Lee"})
        await accounts.sign_up(**BOB | {"email": f"x{number}@example.com", "name": f"Zoe Ann {number}"})
        await accounts.sign_up(**BOB | {"email": f"y{number}@example.com", "name": "Annabel"})
        await accounts.sign_up(**BOB | {"email": f"z{number}@example.com", "name": "Mary Ann"})
    for wanted, count in (("", 12), ("ann", 9), ("lee", 3), ("zoe", 3), ("x", 3)):
        found, after = [], ""
        async with database.reading() as db:
            while True:
                page = await search.page(db, search=wanted, after=after)
                found += [user.id for user in page.users]
                if page.next is None:
                    break
                after = page.next
        assert len(set(found)) == count, wanted


async def test_each_search_reads_one_stretch_of_an_index(
    accounts: Accounts, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "PAGE", 2)
    for number in range(4):
        await accounts.sign_up(**BOB | {"email": f"ann{number}@example.com", "name": "Ann Ann"})
    is_sqlite = database.url.get_backend_name() == "sqlite"
    for wanted, after in (
        *[("", ""), ("", "all-2"), ("1", ""), ("ann0@example.com", ""), ("zoe", "")],
        *[("ann", f"{kind}-{number}") for kind in search.KEYS["sqlite"] for number in (0, 2, 4)],
    ):
        with counting(database) as costs:
            async with database.reading() as db:
                await search.page(db, search=wanted, after=after)
        for statement, values in zip(costs.statements, costs.values, strict=True):
            async with database.transaction() as db:
                connection = await db.connection()
                if not is_sqlite:  # a table of four rows is read as a whole otherwise
                    await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
                    await connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
                explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
                rows = (await connection.exec_driver_sql(explain + statement, values)).all()
            plan = "\n".join(str(row[-1]) for row in rows)
            assert not re.search(r"SCAN user(?! USING)|TEMP B-TREE|Seq Scan|Sort|Filter", plan), (wanted, after, plan)
            assert re.search(r"INDEX|INTEGER PRIMARY KEY|Index Scan|SCAN user$", plan), (wanted, after, plan)


@pytest.mark.asvs("1.2.1")
async def test_markup_in_a_search_stays_text(admin: Client) -> None:
    page = await (await admin.get("/admin/users", query_string={"search": '"><b>x'})).get_data(as_text=True)
    assert 'value="&#34;&gt;&lt;b&gt;x"' in page
    assert "<b>x" not in page


@pytest.mark.asvs("1.2.4")
async def test_sql_in_a_search_is_looked_for_and_not_obeyed(admin: Client) -> None:
    response = await admin.get("/admin/users", query_string={"search": "' OR 1=1 --"})
    assert response.status_code == 200
