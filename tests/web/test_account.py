"""The account's own pages: name, password, export, deletion."""

import asyncio
import json
from datetime import timedelta

import pytest
from quart import Quart, Response
from sqlalchemy import func, select

from quart_auth_app.accounts import deletion, double_clicks, export
from quart_auth_app.accounts.browsers import OPERATOR
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.accounts.throttling import throttle
from quart_auth_app.accounts.throttling.limits import SUDO_BY_SESSION
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Base, DeletedUser, SecurityEvent, User, columns_of
from quart_auth_app.operations import housekeeping
from tests.people import BOB, EVE, WRONG_DETAILS, Client, Clock, Events, cookie, elsewhere, is_logged_in, notice, text

NEW = {"current_password": BOB["password"], "password": "windy marble copper 9"}


async def log_in(app: Quart, person: dict[str, str] = BOB, **form: str) -> Client:
    """Return another browser, in which the person is logged in."""
    client: Client = app.test_client()
    await client.post("/login", form=person | form, **elsewhere())
    assert await is_logged_in(client)
    return client


async def kinds(database: Database) -> list[str]:
    """Return what has happened to accounts, oldest first."""
    async with database.reading() as db:
        return list(await db.scalars(select(SecurityEvent.kind).order_by(SecurityEvent.id)))


def twice(app: Quart, client: Client, path: str, form: dict[str, str]) -> "asyncio.Future[list[Response]]":
    """Send a form by a double click: both requests have the cookies of before."""
    headers = {"Cookie": f"log-in={cookie(client, 'log-in')}"}
    clients = [app.test_client(use_cookies=False) for _ in range(2)]
    return asyncio.gather(*(each.post(path, form=form, headers=headers) for each in clients))


def new_token(response: Response) -> str | None:
    """Return the log-in cookie that a response sets, None if it sets none or deletes it."""
    for each in response.headers.getlist("Set-Cookie"):
        name, _, rest = each.partition("=")
        if name == "log-in":
            return rest.partition(";")[0] or None
    return None


def carrying(app: Quart, token: str | None) -> Client:
    """Return a browser that has this log-in cookie."""
    client: Client = app.test_client()
    client.set_cookie("localhost", "log-in", token or "")
    return client


async def test_the_page_shows_name_and_address_and_the_profile_leads_there(client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob)
    assert 'href="/account"' in await (await client.get("/profile")).get_data(as_text=True)
    page = await (await client.get("/account")).get_data(as_text=True)
    assert 'value="Bob"' in page
    assert BOB["email"] in page


async def test_password_managers_find_the_form(client: Client) -> None:
    response = await client.get("/.well-known/change-password")
    assert (response.status_code, response.headers["Location"]) == (302, "/account#password")


async def test_the_name_is_changed(client: Client, bob: dict[str, str], database: Database) -> None:
    await client.post("/login", form=bob)
    response = await client.post("/account/name", form={"name": "  Robert  "})
    assert (response.status_code, response.headers["Location"]) == (302, "/account#name")
    assert "Your name is changed." in await text(await client.get("/account"))
    assert "Welcome, Robert!" in await text(await client.get("/profile"))
    await client.post("/account/name", form={"name": "Robert"})
    assert (await kinds(database)).count("name_changed") == 1, "the same once more is no change"


async def test_a_refused_name_is_said_in_its_section_and_shown_again(client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob)
    response = await client.post("/account/name", form={"name": "a\u202eb"})
    assert response.headers["Location"] == "/account#name"
    page = await (await client.get("/account")).get_data(as_text=True)
    section = page.partition('id="name"')[2].partition("</section>")[0]
    assert 'role="alert"' in section
    assert page.count('role="alert"') == 1
    assert "Welcome, Bob!" in await text(await client.get("/profile"))


@pytest.mark.asvs("6.2.2", "6.2.3", "7.2.4", "7.4.3")
async def test_the_password_is_changed_this_browser_goes_on_and_all_others_are_out(
    app: Quart, client: Client, bob: dict[str, str], events: Events
) -> None:
    await client.post("/login", form=bob)
    other, before = await log_in(app), cookie(client, "log-in")
    response = await client.post("/account/password", form=NEW)
    assert (response.status_code, response.headers["Location"]) == (302, "/account#password")
    assert cookie(client, "log-in") not in {None, before}
    assert "Your password is changed." in await text(await client.get("/account"))
    assert not await is_logged_in(other)
    stranger = app.test_client()
    await stranger.post("/login", form=bob, **elsewhere())
    assert await notice(stranger, "/login") == WRONG_DETAILS
    await log_in(app, bob, password=NEW["password"])
    assert "password_changed" in events.names


@pytest.mark.asvs("6.2.3")
@pytest.mark.parametrize(
    ("form", "said"),
    [
        (NEW | {"current_password": "wrong"}, "This is not your password. Please try again."),
        (NEW | {"password": "tiny"}, "Please choose a password of at least 9 characters."),
        ({"password": NEW["password"]}, "Please fill in the field \u201ccurrent_password\u201d once."),
    ],
)
async def test_a_refused_change_of_password_changes_nothing(
    client: Client, bob: dict[str, str], form: dict[str, str], said: str
) -> None:
    await client.post("/login", form=bob)
    response = await client.post("/account/password", form=form)
    assert response.headers["Location"] == "/account#password"
    page = await (await client.get("/account")).get_data(as_text=True)
    assert said in page
    assert "tiny" not in page
    await client.post("/logout")
    await client.post("/login", form=bob)
    assert await is_logged_in(client)


@pytest.mark.asvs("6.3.1", "7.5.1")
async def test_wrong_current_passwords_end_this_session_and_no_other(
    app: Quart, client: Client, bob: dict[str, str]
) -> None:
    """A thief at an open session gets five guesses, and can't lock the owner out."""
    await client.post("/login", form=bob)
    other = await log_in(app)
    for left in range(SUDO_BY_SESSION.attempts)[::-1]:
        response = await client.post("/account/password", form=NEW | {"current_password": "wrong"})
        assert response.headers["Location"] == ("/account#password" if left else "/login")
    assert "so this session has ended" in await notice(client, "/login")
    assert not await is_logged_in(client)
    assert await is_logged_in(other)
    await log_in(app)


@pytest.mark.asvs("15.4.2")
async def test_no_guess_is_gained_by_trying_many_at_once(
    app: Quart, client: Client, bob: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.post("/login", form=bob)
    verified: list[str] = []
    verify = Passwords.verify

    async def counted(self: Passwords, password: str, stored: str | None) -> tuple[bool, str | None]:
        verified.append(password)
        return await verify(self, password, stored)

    monkeypatch.setattr(Passwords, "verify", counted)
    headers = {"Cookie": f"log-in={cookie(client, 'log-in')}"}
    guesses = [NEW | {"current_password": f"guess {number}"} for number in range(12)]
    visitors = [app.test_client(use_cookies=False) for _ in guesses]
    await asyncio.gather(
        *(
            each.post("/account/password", form=guess, headers=headers)
            for each, guess in zip(visitors, guesses, strict=True)
        )
    )
    assert len(verified) <= SUDO_BY_SESSION.attempts
    assert not await is_logged_in(client)


@pytest.mark.asvs("2.3.4", "15.4.2")
async def test_a_double_click_changes_the_password_once_and_logs_nobody_out(
    app: Quart, client: Client, bob: dict[str, str], database: Database
) -> None:
    await client.post("/login", form=bob)
    responses = await twice(app, client, "/account/password", NEW)
    assert [each.headers["Location"] for each in responses] == ["/account#password"] * 2
    tokens = [new_token(each) for each in responses]
    assert all([await is_logged_in(carrying(app, token)) for token in tokens]), "whichever the browser keeps"
    assert (await kinds(database)).count("password_changed") == 1
    async with database.reading() as db:
        assert await db.scalar(select(User.password_version)) == 1


async def test_a_second_click_a_moment_later_is_a_success_too(app: Quart, client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob)
    late = carrying(app, cookie(client, "log-in"))
    await client.post("/account/password", form=NEW)
    response = await late.post("/account/password", form=NEW)
    assert "Your password is changed." in await text(await late.get("/account"))
    assert new_token(response)


async def test_a_later_try_with_the_old_password_is_a_wrong_password(
    time: Clock, client: Client, bob: dict[str, str]
) -> None:
    await client.post("/login", form=bob)
    await client.post("/account/password", form=NEW)
    time.advance(double_clicks.LASTS + throttle.SLACK)
    await client.post("/account/password", form=NEW)
    assert "This is not your password." in await text(await client.get("/account"))


async def test_the_remembered_stay_remembered(client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob | {"remember": "on"})
    response = await client.post("/account/password", form=NEW)
    assert "Max-Age=2592000" in str(response.headers)


@pytest.mark.asvs("14.2.6")
async def test_the_export_has_everything_and_no_secret(app: Quart, client: Client, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob, headers={"User-Agent": "Lynx/2.9"})
    response = await client.post("/account/export")
    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="account-')
    assert response.headers["Cache-Control"] == "no-store"
    source = await response.get_data(as_text=True)
    found = json.loads(source)
    assert list(found) == ["format", "made_at", "account", *export.TABLES]
    assert found["format"] == 1
    assert (found["account"]["email"], found["account"]["name"]) == (BOB["email"], "Bob")
    assert found["sessions"][0]["user_agent"] == "Lynx/2.9"
    assert [each["kind"] for each in found["events"]] == ["created", "logged_in", "exported"]
    assert found["made_at"].endswith("+00:00")
    token = app.extensions["QUART_AUTH"][0].load_token(cookie(client, "log-in"), app)
    for secret in ("$bcrypt", "token_hash", "seed", "password_version", token):
        assert secret not in source


def test_the_export_has_every_table_that_points_to_a_user() -> None:
    kept = {each.class_ for each in Base.registry.mappers if each.class_.__module__.startswith("quart_auth_app.")}
    about_users = {table for table in kept if "user_id" in columns_of(table)}
    assert about_users == set(export.TABLES.values())


async def test_the_export_has_nothing_of_anybody_else(app: Quart, client: Client, bob: dict[str, str]) -> None:
    await app.test_client().post("/signup", form=EVE)
    await log_in(app, EVE)
    await client.post("/login", form=bob)
    told = await (await client.post("/account/export")).get_data(as_text=True)
    assert BOB["email"] in told
    assert EVE["email"] not in told


async def test_a_deletion_logs_out_everywhere_and_says_when(
    app: Quart, client: Client, bob: dict[str, str], time: Clock
) -> None:
    await client.post("/login", form=bob)
    other = await log_in(app)
    response = await client.post("/account/delete")
    assert (response.status_code, response.headers["Location"]) == (302, "/login")
    assert "Your account will be deleted on 15 January 2030." in await text(await client.get("/login"))
    assert [await is_logged_in(each) for each in (client, other)] == [False, False]


async def test_asking_again_later_puts_nothing_off(client: Client, bob: dict[str, str], time: Clock) -> None:
    for _ in range(2):
        await client.post("/login", form=bob, **elsewhere())
        await client.post("/account/delete")
        assert "Your account will be deleted on 15 January 2030." in await text(await client.get("/login"))
        time.advance(timedelta(days=3))


async def test_logging_in_meanwhile_asks_whether_to_keep_the_account(
    client: Client, bob: dict[str, str], time: Clock, database: Database
) -> None:
    await client.post("/login", form=bob)
    await client.post("/account/delete")
    time.advance(timedelta(days=13))
    response = await client.post("/login", form=bob | {"next": "/profile?x=1"}, **elsewhere())
    assert response.headers["Location"] == "/account"
    page = await text(await client.get("/account"))
    assert "Your account will be deleted on 15 January 2030 Keep it?" in page
    for _ in range(2):  # keeping it twice is keeping it
        response = await client.post("/account/delete/cancel")
        assert response.headers["Location"] == "/account#delete"
    page = await text(await client.get("/account"))
    assert "Your account is kept." in page
    assert "Keep it?" not in page
    time.advance(timedelta(days=30))
    await housekeeping.keep_house(database, now=time.now)
    await client.post("/login", form=bob)
    assert await is_logged_in(client)
    assert (await kinds(database)).count("deletion_cancelled") == 1


@pytest.mark.asvs("14.2.4", "14.2.7")
async def test_after_the_grace_the_account_is_gone_and_its_address_free(
    app: Quart, client: Client, bob: dict[str, str], time: Clock, database: Database
) -> None:
    await client.post("/login", form=bob)
    await client.post("/account/delete")
    second = timedelta(seconds=1)
    for step, left in ((deletion.GRACE - deletion.WARNING, 1), (deletion.WARNING - second, 1), (second, 0)):
        time.advance(step)
        await housekeeping.keep_house(database, now=time.now)
        async with database.reading() as db:
            for table in (User, SecurityEvent):
                assert bool(await db.scalar(select(func.count()).select_from(table))) == bool(left)
    async with database.reading() as db:
        assert [(each.id, each.at) for each in await db.scalars(select(DeletedUser))] == [(1, time.now)]
    assert (await client.post("/signup", form=BOB, **elsewhere())).headers["Location"] == "/login"


@pytest.mark.asvs("15.4.2")
async def test_a_double_click_on_delete_puts_nothing_off(
    app: Quart, client: Client, bob: dict[str, str], database: Database
) -> None:
    await client.post("/login", form=bob)
    responses = await twice(app, client, "/account/delete", {})
    assert {each.headers["Location"].partition("?")[0] for each in responses} == {"/login"}
    assert (await kinds(database)).count("deletion_asked") == 1


@pytest.mark.parametrize("path", ["/account/name", "/account/export", "/account/delete/cancel"])
async def test_a_double_click_is_no_error(app: Quart, client: Client, bob: dict[str, str], path: str) -> None:
    await client.post("/login", form=bob)
    responses = await twice(app, client, path, {"name": "Robert"})
    assert {each.status_code for each in responses} <= {200, 302}
    assert {each.headers.get("Location") for each in responses} <= {None, "/account#name", "/account#delete"}
    assert await is_logged_in(client)


async def test_a_deletion_that_is_cancelled_at_the_last_moment_is_not_carried_out(
    bob: dict[str, str], client: Client, database: Database, time: Clock
) -> None:
    await client.post("/login", form=bob)
    await client.post("/account/delete")
    time.advance(deletion.GRACE - deletion.WARNING)
    async with database.transaction() as db:
        await deletion.warn(db, now=time.now)
        time.advance(deletion.WARNING)
        assert await deletion.due(db, now=time.now) == [1]
        await deletion.cancel(db, user_id=1, browser=OPERATOR, now=time.now)
        assert not await deletion.carry_out(db, user_id=1, now=time.now)
        assert await db.scalar(select(func.count()).select_from(DeletedUser)) == 0


async def test_who_a_backup_brings_back_is_deleted_again_and_nobody_else(
    app: Quart, client: Client, bob: dict[str, str], database: Database, time: Clock
) -> None:
    await client.post("/signup", form=EVE)
    async with database.transaction() as db:
        db.add(DeletedUser(id=1, at=time.now))  # Bob, who had signed up before
        db.add(DeletedUser(id=2, at=time.now - timedelta(days=1)))  # somebody whose number Eve got after a restore
    await housekeeping.keep_house(database, now=time.now)
    async with database.reading() as db:
        assert (await db.scalars(select(User.email))).all() == [EVE["email"]]
