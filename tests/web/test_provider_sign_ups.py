"""What is needed besides an account at a provider: our mail to an address that it has not verified, or a log-in."""

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from quart import Quart
from sqlalchemy import select

from quart_auth_app import clock
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Identity, SignUp
from tests.conftest import MakeApp
from tests.inbox import Inbox
from tests.people import BOB, EVE, Client, Clock, cookie, elsewhere, is_logged_in, notice, text
from tests.providers.fake import Fake, serving
from tests.web.test_providers import CONNECT_FIRST, TOO_LATE, counted, log_in, make_old, remember_me_is_ticked, settings

FINISH = "/login/with/fake/sign-up"


@pytest.fixture
async def fake() -> AsyncIterator[Fake]:
    """A provider where Bob has an account, and that has never written to him."""
    async with serving(Fake()) as started:
        started.person["email_verified"] = False
        yield started


@pytest.fixture
def app(make_app: MakeApp, fake: Fake, inbox: Inbox) -> Quart:
    """An application that knows the provider and sends mail."""
    return make_app(MAIL_URL=inbox.url, **settings(fake))


async def begin(client: Client, fake: Fake, *, name: str = "Robert", remember: str = "") -> None:
    """Come back from the provider, and let our mail be sent."""
    assert (await log_in(client, fake, remember=remember)).headers["Location"] == FINISH
    page = await text(await client.get(FINISH))
    assert "Fake has not confirmed that this address is yours, so we send a mail to it." in page
    response = await client.post(FINISH, form={"name": name}, **elsewhere())
    assert response.headers["Location"] == "/signup/check-mail"


@pytest.mark.asvs("6.8.1")
async def test_our_own_mail_confirms_an_address_that_the_provider_has_not(
    app: Quart, client: Client, fake: Fake, inbox: Inbox, database: Database
) -> None:
    await begin(client, fake)
    assert (await counted(database), await counted(database, Identity)) == (0, 0)
    await client.post("/signup/code", form={"code": inbox.code("bob@example.com")})
    assert not await is_logged_in(client)
    await log_in(client, fake)
    assert "Welcome, Robert!" in await text(await client.get("/profile"))
    assert (await counted(database), await counted(database, Identity)) == (1, 1)
    other = app.test_client()
    await log_in(other, fake)
    assert await is_logged_in(other)


async def test_the_mails_link_does_it_too(client: Client, fake: Fake, inbox: Inbox) -> None:
    await begin(client, fake)
    link = inbox.link("bob@example.com", "/confirm")
    await client.post("/confirm", form={"token": link.partition("?")[2]})
    await log_in(client, fake)
    assert await is_logged_in(client)


@pytest.mark.parametrize("ticked", ["on", ""])
async def test_remember_me_stays_ticked_while_the_mail_is_answered(
    client: Client, fake: Fake, inbox: Inbox, ticked: str
) -> None:
    await begin(client, fake, remember=ticked)
    await client.post("/signup/code", form={"code": inbox.code("bob@example.com")})
    assert await remember_me_is_ticked(client) == bool(ticked)


async def test_an_account_ends_the_sign_ups_of_its_address_and_no_others(
    app: Quart, client: Client, fake: Fake, database: Database
) -> None:
    for email in ("ann@example.com", BOB["email"], "cid@example.com"):
        await app.test_client().post("/signup", form=BOB | {"email": email}, **elsewhere())
    fake.person["email_verified"] = True
    await log_in(client, fake)
    async with database.reading() as db:
        assert {*await db.scalars(select(SignUp.email))} == {"ann@example.com", "cid@example.com"}


@pytest.mark.asvs("6.8.1")
async def test_an_owner_who_follows_the_link_lets_no_stranger_in(
    app: Quart, client: Client, fake: Fake, inbox: Inbox, database: Database
) -> None:
    await begin(client, fake)
    owner = app.test_client()
    link = inbox.link("bob@example.com", "/confirm")
    for password in ("", "!", "any"):
        await owner.post("/confirm", form={"token": link.partition("?")[2], "password": password})
    assert (await counted(database), await counted(database, Identity)) == (0, 0)


async def test_an_address_that_has_an_account_gets_the_same_answer_and_its_owner_a_mail(
    app: Quart, client: Client, fake: Fake, inbox: Inbox, database: Database
) -> None:
    fake.person |= {"sub": "the owner", "email_verified": True}
    await log_in(app.test_client(), fake)
    fake.person |= {"sub": "eve", "email_verified": False}
    await begin(client, fake)
    mail = inbox.last("bob@example.com")
    assert "already have an account" in mail["Subject"]
    assert (await counted(database), await counted(database, Identity)) == (1, 1)


async def test_a_sign_up_with_a_password_in_the_same_browser_connects_nobody(
    client: Client, fake: Fake, inbox: Inbox, database: Database
) -> None:
    await client.post("/signup", form=BOB)
    await begin(client, fake)
    link = inbox.link("bob@example.com", "/confirm")
    await client.post("/confirm", form={"token": link.partition("?")[2], "password": BOB["password"]})
    assert (await counted(database), await counted(database, Identity)) == (1, 0)


@pytest.mark.parametrize("name", [None, secrets.token_urlsafe(3000)], ids=["none", "long"])
async def test_a_name_that_is_missing_or_long_is_no_reason_to_lose_the_proof(
    client: Client, fake: Fake, name: str | None
) -> None:
    fake.person["name"] = name
    assert (await log_in(client, fake)).headers["Location"] == FINISH
    assert 0 < len(str(cookie(client, "proof-of-provider") or "")) < 3500, "browsers drop cookies of 4,096 bytes"


async def test_without_mail_or_where_sign_up_is_closed_no_unverified_address_makes_an_account(
    make_app: MakeApp, client: Client, fake: Fake, inbox: Inbox, database: Database
) -> None:
    for config in ({}, {"MAIL_URL": inbox.url, "SIGN_UP": "closed"}):
        other = make_app(**config, **settings(fake)).test_client()
        assert (await log_in(other, fake)).headers["Location"] == "/login"
        assert (await notice(other, "/login")).startswith("Fake has not confirmed your email address")


async def test_what_is_missing_is_asked_for_ten_minutes_in_the_browser_that_came_back(
    app: Quart, client: Client, fake: Fake, inbox: Inbox, time: Clock
) -> None:
    time.now = datetime.now(UTC)  # the provider's
    other = app.test_client()
    assert (await other.get(FINISH)).headers["Location"] == "/signup"
    assert (await other.post(FINISH, form={"name": "Eve"})).headers["Location"] == FINISH
    assert await notice(other, "/signup") == TOO_LATE
    await log_in(client, fake)
    time.advance(timedelta(minutes=10))
    assert (await client.get(FINISH)).headers["Location"] == "/signup"
    await client.post(FINISH, form={"name": "Eve"})
    assert await notice(client, "/signup") == TOO_LATE
    assert inbox.mails == []


async def connected(client: Client, database: Database) -> int:
    """Press the button that connects, and return how many accounts at the provider are connected then."""
    await client.post("/account/providers/fake")
    return await counted(database, Identity)


@pytest.fixture
async def wishing(make_app: MakeApp, fake: Fake, bob: dict[str, str], client: Client) -> Client:
    """A browser in which somebody has come back from the provider, and whose address has an account."""
    fake.person["email_verified"] = True
    await client.post("/logout")
    assert (await log_in(client, fake)).headers["Location"] == "/login?next=/account%23providers"
    return client


@pytest.fixture
def without_mail(make_app: MakeApp, fake: Fake) -> Quart:
    """An application that sends no mail."""
    return make_app(**settings(fake))


class TestTheWishToConnect:
    """Who has an account already logs in to it, and then need not go to the provider again."""

    @pytest.fixture
    def app(self, without_mail: Quart) -> Quart:
        """Without mail, so that an account is made by its form."""
        return without_mail

    async def test_it_waits_until_the_person_has_logged_in(
        self, wishing: Client, bob: dict[str, str], database: Database, app: Quart, fake: Fake
    ) -> None:
        assert await notice(wishing, "/login") == CONNECT_FIRST
        await wishing.post("/login", form=bob)
        assert "You have just come from Fake: one click connects it." in await text(await wishing.get("/account"))
        fake.asked.clear()
        assert await connected(wishing, database) == 1
        assert fake.asked == []
        other = app.test_client()
        await log_in(other, fake)
        assert await is_logged_in(other)

    async def test_it_is_of_no_use_to_another_account(self, wishing: Client, database: Database) -> None:
        await wishing.post("/signup", form=EVE)
        await wishing.post("/login", form=EVE)
        assert "one click" not in await text(await wishing.get("/account"))
        assert await connected(wishing, database) == 0

    async def test_it_is_of_no_use_to_another_browser(
        self, wishing: Client, app: Quart, bob: dict[str, str], database: Database
    ) -> None:
        other = app.test_client()
        await other.post("/login", form=bob)
        assert await connected(other, database) == 0

    async def test_it_is_over_after_ten_minutes(
        self, wishing: Client, bob: dict[str, str], database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        later = clock.now() + timedelta(minutes=10)
        monkeypatch.setattr(clock, "now", lambda: later)
        await wishing.post("/login", form=bob)
        assert await connected(wishing, database) == 0

    async def test_it_asks_for_a_proof_as_each_connecting_does(
        self, wishing: Client, bob: dict[str, str], database: Database
    ) -> None:
        await wishing.post("/login", form=bob)
        await make_old(database)
        assert (await wishing.post("/account/providers/fake")).status_code == 403
        assert await counted(database, Identity) == 0

    async def test_it_is_of_no_use_to_a_session_that_was_there_before(
        self, client: Client, fake: Fake, bob: dict[str, str], database: Database
    ) -> None:
        fake.person["email_verified"] = True
        await client.post("/login", form=bob)
        await log_in(client, fake)
        assert await connected(client, database) == 0

    async def test_a_changed_cookie_is_none(self, wishing: Client, bob: dict[str, str], database: Database) -> None:
        await wishing.post("/login", form=bob)
        value = str(cookie(wishing, "proof-of-provider"))
        wishing.set_cookie("localhost", "proof-of-provider", ("A" if value[0] != "A" else "B") + value[1:])
        assert await connected(wishing, database) == 0
