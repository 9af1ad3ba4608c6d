"""Forgotten passwords: a link for whoever reads the address's mail, and the same page for every address."""

import re
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import select, update

from quart_auth_app import clock
from quart_auth_app.accounts import users
from quart_auth_app.accounts.throttling import limits
from quart_auth_app.mail.transports import Unreachable
from quart_auth_app.models import Mail, SecurityEvent, User
from tests.conftest import MakeApp, mail_held_back, services_of
from tests.counting import counting
from tests.databases import SECRET_KEY
from tests.inbox import Inbox, text_of
from tests.mail.test_sending import Server
from tests.people import BOB, EVE, Client, Clock, elsewhere, is_logged_in, notice, text
from tests.web.test_sign_up_by_mail import LATER, with_bob

NEW = "quiet marble canoe 93"


@pytest.fixture
async def mailing(make_app: MakeApp, inbox: Inbox, time: Clock) -> Quart:
    """An application that sends mail, where Bob has an account."""
    return await with_bob(make_app(MAIL_URL=inbox.url), inbox, time)


@pytest.fixture
def client(mailing: Quart) -> Client:
    """A browser."""
    return mailing.test_client()


async def asked(client: Client, inbox: Inbox, email: str = BOB["email"]) -> str:
    """Ask for a link and return its token."""
    assert (await client.post("/forgot-password", form={"email": email}, **elsewhere())).status_code == 200
    return inbox.link(BOB["email"], "/reset-password").partition("?")[2]


async def logs_in(app: Quart, password: str) -> bool:
    """Tell whether Bob gets in with this password."""
    client = app.test_client()
    await client.post("/login", form=BOB | {"password": password}, **elsewhere())
    return await is_logged_in(client)


@pytest.mark.asvs("6.4.3", "6.5.1", "7.4.3")
async def test_a_link_lets_its_reader_choose_a_new_password_once(mailing: Quart, client: Client, inbox: Inbox) -> None:
    await client.post("/login", form=BOB)
    token = await asked(mailing.test_client(), inbox)
    assert "New password" in await text(await client.get(f"/reset-password?{token}"))
    other = mailing.test_client()
    response = await other.post("/reset-password", form={"token": token, "password": NEW})
    assert response.headers["Location"] == "/login"
    assert not await is_logged_in(other), "to log in is the person's own next step"
    assert not await is_logged_in(client), "who was logged in is out"
    assert (await logs_in(mailing, NEW), await logs_in(mailing, BOB["password"])) == (True, False)
    again = await other.get(f"/reset-password?{token}")
    assert (again.status_code, "has been used" in await text(again)) == (410, True)
    await other.post("/reset-password", form={"token": token, "password": EVE["password"]})
    assert not await logs_in(mailing, EVE["password"])
    async with services_of(mailing).database.reading() as db:
        assert (await db.scalars(select(User.password_version))).one() == 1, "no session or link was ever made for it"


async def test_a_password_manager_finds_whose_password_is_chosen(mailing: Quart, client: Client, inbox: Inbox) -> None:
    page = await (await client.get(f"/reset-password?{await asked(client, inbox)}")).get_data(as_text=True)
    assert f'value="{BOB["email"]}" autocomplete="username"' in page


async def test_a_password_that_is_refused_uses_nothing_up(mailing: Quart, client: Client, inbox: Inbox) -> None:
    token = await asked(client, inbox)
    response = await client.post("/reset-password", form={"token": token, "password": "password1"})
    assert response.headers["Location"] == f"/reset-password?{token}"
    assert "too easy to guess" in await notice(client, f"/reset-password?{token}")
    await client.post("/reset-password", form={"token": token, "password": NEW})
    assert await logs_in(mailing, NEW)


@pytest.mark.asvs("6.5.1")
async def test_a_link_lasts_an_hour_to_the_second(client: Client, inbox: Inbox, time: Clock) -> None:
    token = await asked(client, inbox)
    time.advance(timedelta(minutes=59, seconds=59))
    assert (await client.get(f"/reset-password?{token}")).status_code == 200
    time.advance(timedelta(seconds=1))
    assert (await client.get(f"/reset-password?{token}")).status_code == 410


async def test_asking_again_leaves_the_first_link_alone_and_using_one_voids_the_other(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    first = await asked(client, inbox)
    time.advance(LATER)
    second = await asked(client, inbox)
    await client.post("/reset-password", form={"token": first, "password": NEW})
    await client.post("/reset-password", form={"token": second, "password": EVE["password"]})
    assert (await logs_in(mailing, NEW), await logs_in(mailing, EVE["password"])) == (True, False)


@pytest.mark.asvs("6.3.8")
async def test_the_answer_is_the_same_for_every_address(mailing: Quart, time: Clock) -> None:
    """Bytes, cookies and statements; the sender, which comes after the answer, is held back."""
    answers = []
    for email in ("bob@example.com", "nobody@example.com"):
        with mail_held_back(mailing), counting(services_of(mailing).database) as costs:
            response = await mailing.test_client().post("/forgot-password", form={"email": email}, **elsewhere())
        seen = [
            *(f"{name}: {value}" for name, value in response.headers.items()),
            await response.get_data(as_text=True),
        ]
        said = re.sub(r"(?i)x-request-id: \w+", "", "\n".join(seen))
        answers.append((said, costs.statements, costs.transactions))
    assert answers[0] == answers[1]


async def test_an_address_without_an_account_is_told_so_once_a_day(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    for _ in range(2):
        await client.post("/forgot-password", form={"email": EVE["email"]})
        time.advance(LATER)
    assert [mail["Subject"] for mail in inbox.to(EVE["email"])] == ["Quart Auth App: no account with this address"]


async def test_a_stranger_who_asks_for_all_mails_of_the_day_keeps_none_from_the_owners_browser(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    await client.post("/login", form=BOB)
    await client.post("/logout")
    for _ in range(11):
        time.advance(timedelta(minutes=13))
        await mailing.test_client().post("/forgot-password", form={"email": BOB["email"]}, **elsewhere())
    assert len(inbox.to(BOB["email"])) == 10, "that of the sign-up, and nine that the stranger asked for"
    for _ in range(11):  # at the owner's browser the limits are the same, so nor can a stolen cookie flood the mailbox
        await client.post("/forgot-password", form={"email": BOB["email"]}, **elsewhere())
        time.advance(timedelta(minutes=13))
    assert len(inbox.to(BOB["email"])) == 20


async def test_a_known_browser_has_no_counts_of_its_own_for_other_addresses(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    await client.post("/login", form=BOB)
    await client.post("/logout")
    for asking in (mailing.test_client(), client):
        await asking.post("/signup", form=EVE, **elsewhere())
    assert len(inbox.to(EVE["email"])) == 1


async def test_a_disabled_account_gets_no_link(mailing: Quart, client: Client, inbox: Inbox, time: Clock) -> None:
    token = await asked(client, inbox)
    time.advance(LATER)
    async with services_of(mailing).database.transaction() as db:
        await users.disable(db, user=(await db.scalars(select(User))).one(), now=time.now)
    assert (await client.get(f"/reset-password?{token}")).status_code == 410
    await client.post("/forgot-password", form={"email": BOB["email"]})
    assert "disabled" in inbox.last(BOB["email"])["Subject"]
    assert "reset-password" not in text_of(inbox.last(BOB["email"]))


async def test_a_link_goes_to_the_address_that_the_account_has_when_it_is_sent(
    mailing: Quart, client: Client, inbox: Inbox
) -> None:
    with mail_held_back(mailing) as sender:
        await client.post("/forgot-password", form={"email": BOB["email"]})
    async with services_of(mailing).database.transaction() as db:
        await db.execute(update(User).values(email="new@example.com", email_key="new@example.com"))
    await sender.send_due()
    assert "no account" in inbox.last(BOB["email"])["Subject"]
    assert not inbox.to("new@example.com")


async def test_another_address_voids_the_link(mailing: Quart, client: Client, inbox: Inbox) -> None:
    token = await asked(client, inbox)
    async with services_of(mailing).database.transaction() as db:
        await db.execute(update(User).values(email="new@example.com", email_key="new@example.com"))
    assert (await client.get(f"/reset-password?{token}")).status_code == 410
    await client.post("/reset-password", form={"token": token, "password": NEW})
    async with services_of(mailing).database.reading() as db:
        assert (await db.scalars(select(User.password_version))).one() == 0


async def test_an_account_that_nobody_had_proved_is_its_mailboxs(
    make_app: MakeApp, inbox: Inbox, new_database: object, time: Clock
) -> None:
    """Made while mail was off, maybe by a stranger: the first who answers the address's mail has it, and alone."""
    assert callable(new_database)
    url = new_database()
    stranger = make_app(DATABASE_URL=url, SECRET_KEY="k" * 32).test_client()
    await stranger.post("/signup", form=BOB)
    app = make_app(DATABASE_URL=url, SECRET_KEY="k" * 32, MAIL_URL=inbox.url)
    stranger = app.test_client()
    await stranger.post("/login", form=BOB)
    assert await is_logged_in(stranger)
    owner = app.test_client()
    await owner.post("/signup", form=EVE | {"email": BOB["email"]})
    token = inbox.link(BOB["email"], "/reset-password").partition("?")[2]
    await owner.post("/reset-password", form={"token": token, "password": NEW})
    assert not await is_logged_in(stranger)
    assert (await logs_in(app, NEW), await logs_in(app, BOB["password"])) == (True, False)
    async with services_of(app).database.reading() as db:
        assert (await db.scalars(select(User.verified_at))).one() == time.now


@pytest.mark.asvs("6.3.7")
async def test_a_new_password_is_noticed_by_mail(client: Client, inbox: Inbox) -> None:
    token = await asked(client, inbox)
    await client.post(
        "/reset-password", form={"token": token, "password": NEW}, headers={"User-Agent": "evil Firefox/120 Linux"}
    )
    mail = text_of(inbox.last(BOB["email"]))
    assert "Firefox on Linux" in " ".join(mail.split())
    assert "UTC" in mail
    assert "evil" not in mail


async def test_success_clears_the_accounts_count_and_never_the_networks(
    mailing: Quart, inbox: Inbox, time: Clock
) -> None:
    guesser = mailing.test_client()
    for _ in range(10):
        await guesser.post("/login", form=BOB | {"password": "wrong"})
    client = mailing.test_client()
    token = await asked(client, inbox)
    await client.post("/reset-password", form={"token": token, "password": NEW}, **elsewhere())
    assert await logs_in(mailing, NEW), "at once"
    answers = [(await guesser.post("/login", form=BOB | {"password": "wrong"})).status_code for _ in range(6)]
    assert answers[-1] == 429


async def test_the_outbox_holds_no_token_and_is_empty_afterwards(mailing: Quart, client: Client, inbox: Inbox) -> None:
    await asked(client, inbox)
    async with services_of(mailing).database.reading() as db:
        assert (await db.scalars(select(Mail))).all() == []


async def test_after_a_reset_every_worker_lets_the_owner_in_at_once(
    make_app: MakeApp, mailing: Quart, client: Client, inbox: Inbox
) -> None:
    """Though one of them has refused log-ins to this account a moment ago, because somebody guesses."""
    url = services_of(mailing).settings.database_url.render_as_string(hide_password=False)
    other = make_app(DATABASE_URL=url, SECRET_KEY=SECRET_KEY, MAIL_URL=inbox.url)
    token = await asked(client, inbox)
    for _ in range(limits.LOG_IN_BY_ACCOUNT.attempts + 1):
        refused = await other.test_client().post("/login", form=BOB | {"password": "wrong"}, **elsewhere())
    assert refused.status_code == 429
    await client.post("/reset-password", form={"token": token, "password": NEW})
    assert await logs_in(other, NEW)


async def test_asking_for_a_link_is_in_the_owners_activity_once_however_often_its_mail_is_tried(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = services_of(mailing).sender
    assert sender
    asked_at = time.now
    with monkeypatch.context() as patch:
        patch.setattr(sender.delivery, "transport", away := Server())
        away.answer = Unreachable("away")
        await client.post(
            "/forgot-password",
            form={"email": BOB["email"]},
            headers={"User-Agent": "evil Firefox/120 Linux"},
            scope_base={"client": ("192.0.2.7", 50000)},
        )
        time.advance(LATER)
    await sender.send_due()
    assert inbox.link(BOB["email"], "/reset-password")
    async with services_of(mailing).database.reading() as db:
        events = (await db.scalars(select(SecurityEvent).where(SecurityEvent.kind == "reset_asked"))).all()
    assert [(each.at, each.browser, each.address) for each in events] == [(asked_at, "Firefox on Linux", "192.0.2.7")]


async def test_a_link_that_the_operator_sends_is_in_the_activity_as_the_operators(mailing: Quart, inbox: Inbox) -> None:
    async with services_of(mailing).database.transaction() as db:
        await users.send_reset(db, user=await db.get_one(User, 1), now=clock.now())
    sender = services_of(mailing).sender
    assert sender
    await sender.send_due()
    assert inbox.link(BOB["email"], "/reset-password")
    async with services_of(mailing).database.reading() as db:
        kinds = await db.scalars(select(SecurityEvent.kind).where(SecurityEvent.kind.startswith("reset")))
        assert kinds.all() == ["reset_sent"]
