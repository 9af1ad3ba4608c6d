"""Where a user is logged in, and what has happened to the account: only ever their own."""

import re
from datetime import timedelta

import pytest
from quart import Quart

from quart_auth_app.accounts import sessions, sudo
from quart_auth_app.accounts.browsers import Browser
from quart_auth_app.accounts.history import activity
from quart_auth_app.database.units_of_work import Database
from tests.people import BOB, EVE, Client, Clock, is_logged_in, text
from tests.web.test_account import kinds, log_in, twice

FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}


async def numbers(client: Client) -> list[str]:
    """Return the numbers of the sessions that the page offers to end."""
    page = await (await client.get("/account/sessions")).get_data(as_text=True)
    return re.findall(r'name="session" value="(\d+)"', page)


@pytest.mark.asvs("7.5.2")
async def test_the_list_says_which_browser_from_where_since_when_and_whether_it_is_this_one(
    app: Quart, client: Client, bob: dict[str, str], time: Clock
) -> None:
    other = app.test_client()
    await other.post("/login", form=bob | {"remember": "on"}, headers=FIREFOX, scope_base={"client": ("10.9.9.9", 1)})
    time.advance(timedelta(minutes=65))
    await client.post("/login", form=bob)
    page = await text(await client.get("/account/sessions"))
    mine, _, others = page.partition("Firefox on Linux")
    assert "This device" in mine
    assert "Last seen now" in mine
    assert "This device" not in others
    assert "Address 10.9.9.9 Last seen 1 January 2030, 00:00 UTC Logged in 1 January 2030, 00:00 UTC" in others
    assert "Remembered yes" in others


@pytest.mark.asvs("7.5.2")
async def test_one_is_ended_and_no_other(app: Quart, client: Client, bob: dict[str, str], database: Database) -> None:
    await client.post("/login", form=bob)
    one, other = await log_in(app), await log_in(app)
    listed = await numbers(client)
    assert len(listed) == 2
    page = await (await client.get("/account/sessions")).get_data(as_text=True)
    assert page.index("This device") < page.index('name="session" value='), "this one is the first"
    response = await client.post("/account/sessions/revoke", form={"session": "2"})
    assert response.headers["Location"] == "/account/sessions#sessions"
    assert "That session has ended." in await text(await client.get("/account/sessions"))
    assert [await is_logged_in(each) for each in (client, one, other)] == [True, False, True]
    assert (await kinds(database))[-1] == "sessions_revoked"


@pytest.mark.asvs("7.4.3", "7.5.2")
async def test_all_others_are_ended(app: Quart, client: Client, bob: dict[str, str]) -> None:
    await app.test_client().post("/signup", form=EVE)
    eve = await log_in(app, EVE)
    others = [await log_in(app)]
    await client.post("/login", form=bob)
    others += [await log_in(app), await log_in(app)]
    await client.post("/account/sessions/revoke", form={"session": "others"})
    assert "All other sessions have ended." in await text(await client.get("/account/sessions"))
    assert [await is_logged_in(each) for each in (client, *others, eve)] == [True, False, False, False, True]
    assert await numbers(client) == []


@pytest.mark.asvs("8.2.2", "8.3.1")
@pytest.mark.parametrize("session", ["1", "99", str(2**31), "9" * 20, "-1", "x", "", "\u0663"])
async def test_what_is_gone_or_somebody_elses_is_not_found_and_the_page_is_shown(
    app: Quart, client: Client, bob: dict[str, str], database: Database, session: str
) -> None:
    await app.test_client().post("/signup", form=EVE)
    eve = await log_in(app, EVE)
    await client.post("/login", form=bob)
    response = await client.post("/account/sessions/revoke", form={"session": session})
    page = await text(response)
    assert response.status_code == 404
    assert "There is no such session." in page or not session
    assert "This device" in page
    assert [await is_logged_in(each) for each in (client, eve)] == [True, True]
    assert "sessions_revoked" not in await kinds(database)


async def test_a_number_that_is_missing_is_said(client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob)
    await client.post("/account/sessions/revoke")
    assert "Please fill in the field" in await text(await client.get("/account/sessions"))


@pytest.mark.asvs("15.4.2")
@pytest.mark.parametrize("session", ["2", "others"])
async def test_a_double_click_ends_it_once_and_logs_nobody_out(
    app: Quart, client: Client, bob: dict[str, str], database: Database, session: str
) -> None:
    await client.post("/login", form=bob)
    other = await log_in(app)
    responses = await twice(app, client, "/account/sessions/revoke", {"session": session})
    assert {each.headers["Location"] for each in responses} == {"/account/sessions#sessions"}
    assert [await is_logged_in(each) for each in (client, other)] == [True, False]
    assert (await kinds(database)).count("sessions_revoked") == 1


@pytest.mark.asvs("7.5.2")
async def test_ending_a_session_by_the_number_that_it_had_before_it_was_renewed_ends_it(
    app: Quart, client: Client, bob: dict[str, str], database: Database, time: Clock
) -> None:
    """A page that was opened before still has that number."""
    await client.post("/login", form=bob)
    other = await log_in(app)
    (number,) = await numbers(client)
    time.advance(sudo.LASTS)
    await other.post("/account/export", form={"sudo_password": BOB["password"]})
    assert await is_logged_in(other)
    proof = {"sudo_password": BOB["password"]}
    await client.post("/account/sessions/revoke", form={"session": number} | proof)
    assert [await is_logged_in(each) for each in (client, other)] == [True, False]
    assert (await kinds(database)).count("sessions_revoked") == 1


async def test_a_session_that_was_renewed_is_listed_once(client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob)
    await client.post(
        "/account/password", form={"current_password": BOB["password"], "password": "windy marble copper 9"}
    )
    page = await (await client.get("/account/sessions")).get_data(as_text=True)
    assert page.count("<dl>") == 1


@pytest.mark.asvs("8.2.2")
async def test_the_activity_is_ones_own_newest_first_and_paged(
    app: Quart, client: Client, bob: dict[str, str], database: Database, time: Clock
) -> None:
    await app.test_client().post("/signup", form=EVE)
    async with database.transaction() as db:
        for user_id, address in ((1, "10.1.1.1"), (2, "10.2.2.2")):
            for _ in range(activity.PAGE):
                browser = Browser(address=address)
                await activity.note(db, user_id=user_id, kind="exported", browser=browser, now=time.now)
    await client.post("/login", form=bob)
    page = await client.get("/account/activity")
    shown = await text(page)
    assert shown.index("Log-in in a new browser") < shown.index("were downloaded")
    assert "10.2.2.2" not in shown
    (older,) = re.findall(r"/account/activity\?before=\d+", await page.get_data(as_text=True))
    second = await text(await client.get(older))
    assert "The account was created" in second
    assert "10.2.2.2" not in second
    assert "Older" not in second


@pytest.mark.parametrize("before", ["x", "-1", "0", "9" * 400, "", str(2**31)])
async def test_an_address_that_names_no_event_is_no_error(client: Client, bob: dict[str, str], before: str) -> None:
    await client.post("/login", form=bob)
    assert (await client.get("/account/activity", query_string={"before": before})).status_code == 200


async def test_what_an_operator_did_is_said_to_be_an_operators(
    client: Client, bob: dict[str, str], database: Database
) -> None:
    await client.post("/login", form=bob)
    async with database.transaction() as db:
        await sessions.revoke_everybodys(db, now=(await activity.page(db, user_id=1))[0].at)
    await client.post("/login", form=bob)
    assert "An operator of this site" in await text(await client.get("/account/activity"))


async def test_a_user_agent_is_never_shown(app: Quart, client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob, headers={"User-Agent": "Buy at evil.example"})
    for path in ("/account/sessions", "/account/activity"):
        page = await text(await client.get(path))
        assert "Unknown browser" in page
        assert "evil" not in page
