"""Logging in with an account of another site, connecting one, disconnecting it; and everything that must not count."""

import asyncio
import contextvars
import html
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from quart import Quart, Response
from sqlalchemy import func, select, update

from quart_auth_app import clock
from quart_auth_app.accounts.credentials import identity_rows
from quart_auth_app.accounts.throttling import limits
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Identity, Passkey, Session, User
from tests.authenticators import add_passkey
from tests.authenticators import log_in as log_in_with_passkey
from tests.conftest import MakeApp
from tests.inbox import Inbox
from tests.people import BOB, EVE, Client, Events, cookie, elsewhere, is_logged_in, notice, text
from tests.providers.fake import CLIENT_ID, CLIENT_SECRET, Fake, serving
from tests.second_steps import turn_on

CONNECT_FIRST = (
    "There is an account with your email address already. Log in to it another way; then you can connect Fake to it."
)
TOO_LATE = "That took too long, or was begun in another browser. Please try again."
REFUSED = "Fake did not prove who you are. Please try again, or log in another way."
LAST_WAY_IN = "This is the last way into your account. Set a password or add a passkey first."


def settings(fake: Fake, name: str = "fake") -> dict[str, str]:
    """Return the settings of a provider."""
    prefix = f"OIDC_{name.upper()}"
    return {
        "OIDC_PROVIDERS": name,
        f"{prefix}_ISSUER": fake.issuer,
        f"{prefix}_CLIENT_ID": CLIENT_ID,
        f"{prefix}_CLIENT_SECRET": CLIENT_SECRET,
    }


@pytest.fixture
async def fake() -> AsyncIterator[Fake]:
    """A provider where Bob has an account."""
    async with serving(Fake()) as started:
        yield started


@pytest.fixture
def app(make_app: MakeApp, fake: Fake) -> Quart:
    """An application that knows the provider."""
    return make_app(**settings(fake))


async def address(response: Response) -> str:
    """Return the provider's address that a page leads to."""
    assert response.status_code == 200, await text(response)
    seconds, _, told = response.headers["Refresh"].partition("; url=")
    assert seconds == "0"
    link = re.search(r'<a class="button[^"]*" href="([^"]+)"', await response.get_data(as_text=True))
    assert link
    assert html.unescape(link[1]) == told
    return told


async def log_in(client: Client, fake: Fake, path: str = "/login/with/fake", **form: str) -> Response:
    """Go to the provider and back."""
    return await client.get(fake.back(await address(await client.post(path, form=form))), **elsewhere())


async def counted(database: Database, table: type[User] | type[Identity] = User) -> int:
    """Return how many rows there are."""
    async with database.reading() as db:
        return await db.scalar(select(func.count()).select_from(table)) or 0


async def test_the_first_log_in_makes_an_account_and_the_second_finds_it(
    app: Quart, client: Client, database: Database, fake: Fake, events: Events
) -> None:
    response = await log_in(client, fake)
    assert (response.status_code, response.headers["Location"]) == (302, "/profile")
    assert "Welcome, Bob!" in await text(await client.get("/profile"))
    assert events.names[-2:] == ["sign_up", "log_in"]
    assert events.all[-1]["methods"] == "oidc:fake"
    other = app.test_client()
    fake.person |= {"email": "another@example.com", "email_verified": False, "name": "Robert"}
    await log_in(other, fake)
    assert "Welcome, Bob!" in await text(await other.get("/profile"))
    assert (await counted(database), await counted(database, Identity)) == (1, 1)
    async with database.reading() as db:
        user = (await db.scalars(select(User))).one()
        assert (user.email, user.verified_at is not None) == ("bob@example.com", True)
        assert {*await db.scalars(select(Session.methods))} == {"oidc:fake"}


async def test_it_leads_to_the_page_that_was_asked_for_and_is_remembered(client: Client, fake: Fake) -> None:
    response = await log_in(client, fake, next="/account", remember="on")
    assert response.headers["Location"] == "/account"
    kept = next(each for each in response.headers.getlist("Set-Cookie") if each.startswith("log-in="))
    assert "Expires" in kept
    response = await log_in(client, fake, next="//elsewhere.example")
    assert response.headers["Location"] == "/profile"


async def test_the_pages_have_a_button_only_where_a_provider_is_configured(app: Quart, make_app: MakeApp) -> None:
    for path in ("/login", "/signup"):
        assert "Continue with Fake" in await text(await app.test_client().get(path))
        assert "Continue with" not in await text(await make_app().test_client().get(path))
    assert (await make_app().test_client().post("/login/with/fake")).status_code == 404
    assert (await app.test_client().post("/login/with/other")).status_code == 404
    assert (await app.test_client().get("/login/with/other/callback")).status_code == 404


@pytest.mark.asvs("10.1.1")
async def test_the_way_there_is_a_page_and_no_redirect_and_tells_the_browser_no_secret(
    client: Client, fake: Fake
) -> None:
    response = await client.post("/login/with/fake")
    page = await response.get_data(as_text=True)
    assert "form-action 'self'" in response.headers["Content-Security-Policy"]
    assert CLIENT_SECRET not in unquote(page + str(response.headers))
    assert "client_secret" not in page
    assert urlsplit(await address(response)).path == "/authorize"
    (name,) = [name for name in response.headers.getlist("Set-Cookie") if name.startswith("provider-")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"} <= set(name.split("; "))


async def test_a_program_gets_the_address_in_json(client: Client) -> None:
    response = await client.post("/login/with/fake", headers={"Accept": "application/json"})
    assert urlsplit(json.loads(await response.get_data())["location"]).path == "/authorize"


async def test_several_tabs_dont_get_in_each_others_way(client: Client, fake: Fake) -> None:
    ways = [await address(await client.post("/login/with/fake", form={"next": f"/?{n}"})) for n in range(3)]
    for number, way in reversed(list(enumerate(ways))):
        assert (await client.get(fake.back(way))).headers["Location"] == f"/?{number}"


async def test_of_very_many_tabs_the_newest_count(client: Client, fake: Fake) -> None:
    ways = [await address(await client.post("/login/with/fake")) for _ in range(6)]
    assert client.cookie_jar is not None
    assert len([each for each in client.cookie_jar if each.name.startswith("provider-")]) == 4
    assert (await client.get(fake.back(ways[0]))).headers["Location"] == "/login"
    assert (await client.get(fake.back(ways[-1]))).headers["Location"] == "/profile"


@pytest.mark.asvs("10.1.2", "10.2.1", "7.6.2")
async def test_an_answer_counts_in_the_browser_that_asked_alone(app: Quart, client: Client, fake: Fake) -> None:
    theirs = app.test_client()
    await theirs.get("/login")
    await theirs.post("/login/with/fake")
    back = fake.back(await address(await client.post("/login/with/fake")))
    assert (await theirs.get(back)).headers["Location"] == "/login"
    assert await notice(theirs, "/login") == TOO_LATE
    assert not await is_logged_in(theirs)
    assert "/token" not in fake.asked


@pytest.mark.asvs("10.1.2", "10.5.1")
async def test_an_answer_counts_once_though_its_cookie_was_kept(app: Quart, client: Client, fake: Fake) -> None:
    fake.codes_work_twice = True
    back = fake.back(await address(await client.post("/login/with/fake")))
    assert client.cookie_jar is not None
    kept = [(each.name, str(each.value)) for each in client.cookie_jar]
    clients = [app.test_client() for _ in range(10)]
    for each in clients:
        for name, value in kept:
            each.set_cookie("localhost", name, value)
    responses = await asyncio.gather(*(each.get(back) for each in clients))
    assert sorted(response.headers["Location"] for response in responses) == ["/login"] * 9 + ["/profile"]


async def test_a_browser_without_cookies_is_told_so(app: Quart, fake: Fake) -> None:
    client = app.test_client(use_cookies=False)
    back = fake.back(await address(await client.post("/login/with/fake")))
    response = await client.get(back, headers={"Accept": "application/json"})
    assert json.loads(await response.get_data())["code"] == "CookiesBlocked"


@pytest.mark.parametrize(
    "changed", [("state", "x"), ("code", "x"), ("iss", "https://elsewhere.example"), ("code", None)]
)
async def test_a_changed_answer_lets_nobody_in(
    client: Client, fake: Fake, events: Events, changed: tuple[str, str | None]
) -> None:
    fake.answer = dict([changed])
    response = await log_in(client, fake, next="/account")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/login")
    assert not await is_logged_in(client)
    assert "provider_failed" in events.names


async def test_an_answer_with_a_value_twice_lets_nobody_in(client: Client, fake: Fake) -> None:
    back = fake.back(await address(await client.post("/login/with/fake")))
    assert (await client.get(back + "&code=another")).headers["Location"] == "/login"
    assert not await is_logged_in(client)


async def test_who_says_no_there_is_back_at_the_form_and_keeps_the_page_asked_for(client: Client, fake: Fake) -> None:
    fake.answer = {"code": None, "error": "access_denied", "error_description": "<b>call 0800</b>"}
    response = await log_in(client, fake, next="/account")
    assert response.headers["Location"] == "/login?next=/account"
    assert await notice(client, "/login") == "Fake did not let you in. Please try again, or log in another way."


async def remember_me_is_ticked(client: Client) -> bool:
    """Tell whether the log-in page has "Remember me" ticked."""
    box = re.search(
        r'<input type="checkbox" name="remember"[^>]*>', await (await client.get("/login")).get_data(as_text=True)
    )
    assert box
    return " checked" in box[0]


@pytest.mark.parametrize("ticked", ["on", ""])
async def test_remember_me_stays_ticked_for_who_has_to_log_in_another_way(
    client: Client, fake: Fake, bob: dict[str, str], ticked: str
) -> None:
    await log_in(client, fake, remember=ticked)
    assert await remember_me_is_ticked(client) == bool(ticked)
    fake.answer = {"code": None, "error": "access_denied"}
    await log_in(client, fake, remember=ticked)
    assert await remember_me_is_ticked(client) == bool(ticked)


async def test_a_provider_that_is_down_leaves_the_other_ways(client: Client, fake: Fake, bob: dict[str, str]) -> None:
    fake.replies["/.well-known/openid-configuration"] = 503, {}, b""
    response = await client.post("/login/with/fake")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "10")
    assert "Fake does not answer as it should right now" in await text(response)
    assert (await client.post("/login", form=bob)).headers["Location"] == "/profile"


async def test_a_provider_that_goes_down_meanwhile_leaves_them_too(client: Client, fake: Fake, events: Events) -> None:
    back = fake.back(await address(await client.post("/login/with/fake")))
    fake.replies["/token"] = 500, {}, b""
    response = await client.get(back)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "10")
    assert "Continue with Fake" in await text(response)
    assert events.all[-2]["event"] == "provider_failed"


@pytest.mark.asvs("6.8.1", "10.5.2")
async def test_an_address_alone_opens_no_account(
    client: Client, database: Database, fake: Fake, bob: dict[str, str], events: Events
) -> None:
    response = await log_in(client, fake)
    assert response.headers["Location"] == "/login?next=/account%23providers"
    assert await notice(client, "/login") == CONNECT_FIRST
    assert not await is_logged_in(client)
    assert await counted(database, Identity) == 0
    response = await client.post("/login", form={**bob, "next": "/account#providers"})
    assert response.headers["Location"] == "/account#providers"


@pytest.mark.parametrize("verified", [False, None, "true"])
@pytest.mark.parametrize("email", ["bob@example.com", "nobody@example.com"])
async def test_an_address_that_the_provider_has_not_verified_makes_nothing_and_tells_nothing(
    client: Client, database: Database, fake: Fake, bob: dict[str, str], verified: object, email: str
) -> None:
    fake.person |= {"email": email, "email_verified": verified}
    await log_in(client, fake)
    assert (await notice(client, "/login")).startswith("Fake has not confirmed your email address")
    assert (await counted(database), await counted(database, Identity)) == (1, 0)


@pytest.mark.parametrize("email", [None, "", "nonsense", "a@b@c", "x" * 300 + "@example.com", "a\0b@example.com"])
async def test_without_an_address_no_account_is_made(
    client: Client, database: Database, fake: Fake, email: str | None
) -> None:
    fake.person["email"] = email
    await log_in(client, fake)
    assert (await notice(client, "/login")).startswith("Fake told no email address of yours")
    assert await counted(database) == 0


@pytest.mark.parametrize(
    ("name", "shown"), [(None, "bob"), ("", "bob"), ("a\nb", "bob"), ("x" * 101, "bob"), (7, "bob"), ("ボブ", "ボブ")]
)
async def test_a_name_that_cannot_be_shown_is_made_of_the_address(
    client: Client, fake: Fake, name: object, shown: str
) -> None:
    fake.person["name"] = name
    await log_in(client, fake)
    assert f"Welcome, {shown}!" in await text(await client.get("/profile"))


@pytest.mark.asvs("6.8.1")
async def test_the_same_subject_at_another_provider_is_somebody_else(make_app: MakeApp) -> None:
    async with serving(Fake()) as one, serving(Fake()) as other:
        both = {**settings(one, "one"), **settings(other, "other"), "OIDC_PROVIDERS": "one,other"}
        app = make_app(**both)
        await log_in(app.test_client(), one, "/login/with/one")
        client = app.test_client()
        await log_in(client, other, "/login/with/other")
        assert not await is_logged_in(client)


@pytest.mark.asvs("10.2.2")
async def test_one_providers_answer_is_not_taken_for_anothers(make_app: MakeApp) -> None:
    async with serving(Fake()) as honest, serving(Fake()) as hostile:
        both = {**settings(honest, "honest"), **settings(hostile, "hostile"), "OIDC_PROVIDERS": "honest,hostile"}
        client = make_app(**both).test_client()
        way = await address(await client.post("/login/with/hostile"))
        query = urlsplit(honest.back(way)).query
        for path in ("/login/with/honest/callback", "/login/with/hostile/callback"):
            await client.get(f"{path}?{query}")
        assert not await is_logged_in(client)
        assert "/token" not in honest.asked + hostile.asked


async def test_where_sign_up_is_closed_only_known_people_get_in(
    make_app: MakeApp, database: Database, fake: Fake
) -> None:
    app = make_app(SIGN_UP="closed", **settings(fake))
    client = app.test_client()
    await log_in(client, fake)
    assert await notice(client, "/login") == "Accounts here are made by the operator of this site."
    assert not await is_logged_in(client)


@pytest.mark.asvs("6.8.4")
async def test_our_own_second_step_is_asked_for(app: Quart, client: Client, fake: Fake, bob: dict[str, str]) -> None:
    await client.post("/login", form=bob)
    await log_in(client, fake, "/account/providers/fake")
    phone = await turn_on(app)
    other = app.test_client()
    response = await log_in(other, fake, next="/account")
    assert response.headers["Location"] == "/login/second-step?next=/account"
    assert not await is_logged_in(other)
    await other.post("/login/second-step?next=/account", form={"code": phone.recovery_codes[0]})
    assert await is_logged_in(other)


async def test_a_disabled_account_stays_disabled(
    client: Client, database: Database, fake: Fake, events: Events
) -> None:
    await log_in(client, fake)
    async with database.transaction() as db:
        await db.execute(update(User).values(disabled_at=clock.now()))
    await log_in(client, fake)
    assert events.all[-1]["event"] == "provider_failed"
    assert await notice(client, "/login") == REFUSED
    assert not await is_logged_in(client)


async def test_an_account_that_is_to_be_deleted_can_be_kept(client: Client, fake: Fake) -> None:
    await log_in(client, fake)
    await client.post("/account/delete")
    assert (await log_in(client, fake)).headers["Location"] == "/account"
    assert "Keep it?" in await text(await client.get("/account"))


async def test_two_tabs_that_sign_up_at_once_make_one_account(client: Client, database: Database, fake: Fake) -> None:
    ways = [await address(await client.post("/login/with/fake")) for _ in range(2)]
    responses = await asyncio.gather(*(client.get(fake.back(way)) for way in ways))
    assert [response.headers["Location"] for response in responses] == ["/profile"] * 2
    assert await counted(database) == 1


@pytest.mark.parametrize("looks", [1, 2], ids=["before anything", "while the account is made"])
async def test_a_tab_that_signs_up_while_another_looks_makes_the_one_account(
    client: Client, database: Database, fake: Fake, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    if database.url.drivername == "sqlite":
        pytest.skip("in a SQLite file the other tab waits until this one has written")
    slow, fast = [await address(await client.post("/login/with/fake")) for _ in range(2)]
    owner, left = identity_rows.owner, looks

    async def owner_then_the_other_tab(*arguments: Any) -> int | None:
        nonlocal left
        found, left = await owner(*arguments), left - 1
        if left == 0:
            other = client.get(fake.back(fast))
            await asyncio.create_task(other, context=contextvars.Context())
        return found

    monkeypatch.setattr(identity_rows, "owner", owner_then_the_other_tab)
    assert (await client.get(fake.back(slow))).headers["Location"] == "/profile"
    assert left < 0
    assert await counted(database) == 1


async def test_connecting_and_disconnecting(
    app: Quart, client: Client, fake: Fake, bob: dict[str, str], events: Events
) -> None:
    await client.post("/login", form=bob)
    fake.person["email"] = "robert@example.com"
    response = await log_in(client, fake, "/account/providers/fake")
    assert response.headers["Location"] == "/account#providers"
    page = await text(await client.get("/account"))
    assert "Fake is connected: you can log in with it." in page
    assert "robert@example.com" in page
    other = app.test_client()
    await log_in(other, fake)
    assert "Welcome, Bob!" in await text(await other.get("/profile"))
    await client.post("/account/providers/fake/disconnect")
    assert {"provider_connected", "provider_disconnected"} <= set(events.names)
    assert "An account of another site was disconnected" in await text(await client.get("/account/activity"))
    gone = app.test_client()
    fake.person["email"] = bob["email"]
    await log_in(gone, fake)
    assert not await is_logged_in(gone)
    await client.post("/account/providers/fake/disconnect")
    assert "Fake is disconnected." in await text(await client.get("/account"))


async def test_connecting_twice_is_a_second_click_and_a_second_account_there_is_refused(
    client: Client, database: Database, fake: Fake, bob: dict[str, str]
) -> None:
    await client.post("/login", form=bob)
    for _ in range(2):
        await log_in(client, fake, "/account/providers/fake")
        assert "Fake is connected" in await text(await client.get("/account"))
    fake.person["sub"] = "bob-2"
    await log_in(client, fake, "/account/providers/fake")
    assert "Another account at Fake is connected already." in await text(await client.get("/account"))
    assert await counted(database, Identity) == 1


async def test_what_another_has_connected_cannot_be_connected(
    app: Quart, client: Client, database: Database, fake: Fake, bob: dict[str, str]
) -> None:
    await client.post("/login", form=bob)
    await log_in(client, fake, "/account/providers/fake")
    eve = app.test_client()
    await eve.post("/signup", form=EVE)
    await eve.post("/login", form=EVE)
    await log_in(eve, fake, "/account/providers/fake")
    assert "Your account at Fake is connected to another account here." in await text(await eve.get("/account"))
    assert await counted(database, Identity) == 1


async def test_an_attempt_to_connect_counts_in_its_own_session_alone(
    app: Quart, client: Client, database: Database, fake: Fake, bob: dict[str, str]
) -> None:
    await client.post("/signup", form=EVE)
    await client.post("/login", form=bob)
    way = await address(await client.post("/account/providers/fake"))
    await client.post("/logout")
    assert (await client.get(fake.back(way))).headers["Location"] == "/login"
    await client.post("/login", form=bob)
    way = await address(await client.post("/account/providers/fake"))
    await client.post("/login", form=EVE)
    assert (await client.get(fake.back(way))).status_code == 302
    assert await counted(database, Identity) == 0
    assert "/token" not in fake.asked


@pytest.mark.parametrize("path", ["/account/providers/fake", "/account/providers/fake/disconnect"])
async def test_changes_ask_who_it_is(client: Client, bob: dict[str, str], path: str, database: Database) -> None:
    assert (await client.post(path)).status_code == 302
    await client.post("/login", form=bob)
    await make_old(database)
    assert (await client.post(path)).status_code == 403


async def make_old(database: Database) -> None:
    """Let the last proof of all sessions be eleven minutes ago."""
    async with database.transaction() as db:
        await db.execute(update(Session).values(authenticated_at=clock.now() - timedelta(minutes=11)))


async def test_nothing_removes_the_last_way_in(client: Client, database: Database, fake: Fake) -> None:
    await log_in(client, fake)
    await client.post("/account/providers/fake/disconnect")
    assert LAST_WAY_IN in await text(await client.get("/account"))
    assert await counted(database, Identity) == 1
    phone = await add_passkey(client)
    await client.post("/account/providers/fake/disconnect")
    assert await counted(database, Identity) == 0
    async with database.reading() as db:
        number = await db.scalar(select(Passkey.id))
    await client.post(f"/account/passkeys/{number}/delete")
    assert await notice(client, "/account/passkeys") == LAST_WAY_IN
    await client.post("/logout")
    await log_in_with_passkey(client, phone)
    assert await is_logged_in(client)


async def test_a_passkey_may_go_while_a_provider_is_connected_and_configured(
    make_app: MakeApp, new_database: object, fake: Fake
) -> None:
    assert callable(new_database)
    where = {"SECRET_KEY": "k" * 40, "DATABASE_URL": new_database()}
    client = make_app(**where, **settings(fake)).test_client()
    await log_in(client, fake)
    await add_passkey(client)
    later = make_app(**where).test_client()
    assert client.cookie_jar is not None
    for each in client.cookie_jar:
        later.set_cookie("localhost", each.name, str(each.value))
    await later.post("/account/passkeys/1/delete")
    assert await notice(later, "/account/passkeys") == LAST_WAY_IN, "nobody can log in with what isn't configured"
    await client.post("/account/passkeys/1/delete")
    assert await notice(client, "/account/passkeys") == "The passkey is removed."


async def test_two_tabs_that_each_remove_a_way_in_leave_one(client: Client, database: Database, fake: Fake) -> None:
    await log_in(client, fake)
    await add_passkey(client)
    async with database.reading() as db:
        number = await db.scalar(select(Passkey.id))
    await asyncio.gather(
        client.post("/account/providers/fake/disconnect"), client.post(f"/account/passkeys/{number}/delete")
    )
    async with database.reading() as db:
        left = await db.scalar(select(func.count()).select_from(Passkey))
    assert (left or 0) + await counted(database, Identity) == 1


async def test_who_has_no_password_proves_it_at_the_provider_and_goes_on(
    client: Client, database: Database, fake: Fake
) -> None:
    await log_in(client, fake)
    await make_old(database)
    page = await client.post("/account/email", form={"email": "other@example.com"})
    assert page.status_code == 403
    source = await page.get_data(as_text=True)
    assert "sudo_password" not in source
    assert 'name="sudo_provider" value="fake"' in source
    form = {"email": "other@example.com", "sudo_provider": "fake"}
    way = await address(await client.post("/account/email", form=form))
    assert parse_qs(urlsplit(way).query)["max_age"] == ["0"]
    before = cookie(client, "log-in")
    back = await client.get(fake.back(way))
    assert 'name="email" value="other@example.com"' in await back.get_data(as_text=True)
    assert cookie(client, "log-in") != before
    response = await client.post("/account/email", form={"email": "other@example.com"})
    assert response.status_code == 302
    assert "other@example.com" in await text(await client.get("/account"))


async def test_a_page_that_asked_is_shown_after_the_proof(client: Client, database: Database, fake: Fake) -> None:
    await log_in(client, fake)
    await make_old(database)
    assert (await client.get("/account/passkeys")).status_code == 403
    form = {"next": "/account/passkeys", "sudo_provider": "fake"}
    response = await log_in(client, fake, "/account/sudo", **form)
    assert response.headers["Location"] == "/account/passkeys"
    assert (await client.get("/account/passkeys")).status_code == 200


@pytest.mark.asvs("7.5.1")
@pytest.mark.parametrize("wrong", [{"sub": "eve-1"}, {"auth_time": 1}, {"auth_time": None}])
async def test_nobody_elses_account_there_and_no_old_log_in_proves_anything(
    client: Client, database: Database, fake: Fake, wrong: dict[str, object]
) -> None:
    await log_in(client, fake)
    await make_old(database)
    fake.claims = wrong
    await log_in(client, fake, "/account/sudo", sudo_provider="fake")
    assert (await client.get("/account/passkeys")).status_code == 403
    assert REFUSED in await text(await client.get("/account"))


async def test_the_code_is_asked_for_besides(
    app: Quart, client: Client, database: Database, fake: Fake, bob: dict[str, str]
) -> None:
    await client.post("/login", form=bob)
    await log_in(client, fake, "/account/providers/fake")
    phone = await turn_on(app)
    await client.post("/login", form=bob)
    await client.post("/login/second-step", form={"code": phone.recovery_codes[1]})
    await make_old(database)
    for given in ({}, {"sudo_code": "000000"}):
        response = await client.post("/account/sudo", form={"sudo_provider": "fake", **given})
        assert response.status_code == 403
        assert "Refresh" not in response.headers
    response = await log_in(client, fake, "/account/sudo", sudo_provider="fake", sudo_code=phone.recovery_codes[0])
    assert response.headers["Location"] == "/account"
    assert (await client.get("/account/passkeys")).status_code == 200
    await make_old(database)
    for _ in range(5):
        response = await client.post("/account/sudo", form={"sudo_provider": "fake", "sudo_code": "000000"})
    assert not await is_logged_in(client)


async def test_what_is_too_much_for_a_cookie_is_asked_for_once_more(
    client: Client, database: Database, fake: Fake
) -> None:
    await log_in(client, fake)
    await make_old(database)
    noise = "".join(f"{number:x}" for number in range(3000))
    response = await log_in(client, fake, "/account/export", sudo_provider="fake", more=noise)
    assert response.headers["Location"] == "/account#providers"
    assert "please do now what you were about to do" in await text(await client.get("/account"))


async def test_the_export_has_the_connections(client: Client, fake: Fake) -> None:
    await log_in(client, fake)
    (told,) = json.loads(await (await client.post("/account/export")).get_data())["providers"]
    assert (told["issuer"], told["subject"], told["email"]) == (fake.issuer, "bob-1", "bob@example.com")


async def test_deleting_the_account_deletes_them(client: Client, database: Database, fake: Fake) -> None:
    await log_in(client, fake)
    async with database.transaction() as db:
        await db.delete((await db.scalars(select(User))).one())
    assert await counted(database, Identity) == 0


async def test_where_nobody_had_proved_the_address_its_owner_gets_the_account_alone(
    make_app: MakeApp, new_database: object, fake: Fake, inbox: Inbox
) -> None:
    assert callable(new_database)
    where = {"SECRET_KEY": "k" * 40, "DATABASE_URL": new_database()}
    stranger = make_app(**where).test_client()
    await stranger.post("/signup", form=BOB)
    await stranger.post("/login", form=BOB)
    phone = await add_passkey(stranger)
    app = make_app(**where, **settings(fake), MAIL_URL=inbox.url)
    client = app.test_client()
    assert (await log_in(client, fake)).headers["Location"] == "/profile"
    assert not await is_logged_in(stranger)
    await stranger.post("/login", form=BOB, **elsewhere())
    await log_in_with_passkey(stranger, phone)
    assert not await is_logged_in(stranger)
    assert await is_logged_in(client)


@pytest.mark.parametrize(
    ("spelling", "notice_there"),
    [("BOB@example.com", ""), ("\N{CIRCLED LATIN SMALL LETTER B}ob@example.com", CONNECT_FIRST)],
)
async def test_who_has_proved_a_spelling_that_only_looks_the_same_gets_no_account(
    make_app: MakeApp, new_database: object, fake: Fake, inbox: Inbox, spelling: str, notice_there: str
) -> None:
    assert callable(new_database)
    where = {"SECRET_KEY": "k" * 40, "DATABASE_URL": new_database()}
    await make_app(**where).test_client().post("/signup", form=BOB)
    client = make_app(**where, **settings(fake), MAIL_URL=inbox.url).test_client()
    fake.person["email"] = spelling
    await log_in(client, fake)
    assert (await notice(client, "/login"), await is_logged_in(client)) == (notice_there, not notice_there)


async def test_where_somebody_had_proved_the_address_nothing_changes(
    make_app: MakeApp, database: Database, fake: Fake, inbox: Inbox
) -> None:
    app = make_app(**settings(fake), MAIL_URL=inbox.url)
    client = app.test_client()
    await log_in(client, fake)
    fake.person["sub"] = "eve-1"
    other = app.test_client()
    await log_in(other, fake)
    assert await notice(other, "/login") == CONNECT_FIRST
    assert await is_logged_in(client)


async def test_coming_back_without_end_is_refused(
    client: Client, database: Database, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PROVIDER_BY_ADDRESS", limits.Limit("provider by address", 3, timedelta(minutes=1)))
    fake.claims = {"nonce": "wrong"}
    for number in range(5):
        response = await client.get(fake.back(await address(await client.post("/login/with/fake"))))
        assert response.status_code == (302 if number < 3 else 429)
    assert fake.asked.count("/token") == 3
    again = fake.back(await address(await client.post("/login/with/fake")))
    monkeypatch.setattr(database, "transaction", None)
    assert (await client.get(again)).status_code == 429, "who writes does not wait for it"
