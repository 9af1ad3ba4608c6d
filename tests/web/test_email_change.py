"""Another address for an account: confirmed by the new one, told to the old one, and undone from there."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import func, select, update

from quart_auth_app.accounts import email_changes, mailed_codes, sudo, tokens, users
from quart_auth_app.accounts.throttling import limits
from quart_auth_app.models import EmailChange, Identity, Mail, User
from tests import authenticators
from tests.conftest import MakeApp, mail_held_back, services_of
from tests.counting import counting
from tests.inbox import Inbox, text_of
from tests.people import BOB, EVE, Client, Clock, Events, cookie, elsewhere, is_logged_in, notice, text
from tests.second_steps import turn_on
from tests.web.test_account import log_in, twice
from tests.web.test_recovery import logs_in
from tests.web.test_sign_up_by_mail import LATER, confirmed, with_bob

NEW = "bob@new.example"
PASSWORD = "quiet marble canoe 93"


@pytest.fixture
async def mailing(make_app: MakeApp, inbox: Inbox, time: Clock) -> Quart:
    """An application that sends mail, where Bob has an account."""
    return await with_bob(make_app(MAIL_URL=inbox.url), inbox, time)


@pytest.fixture
async def client(mailing: Quart) -> Client:
    """Bob's browser."""
    return await log_in(mailing)


async def user_of(app: Quart, number: int = 1) -> User:
    """Return a user as the database has it."""
    async with services_of(app).database.reading() as db:
        return await db.get_one(User, number)


async def ask(client: Client, email: str = NEW) -> None:
    """Ask for another address."""
    response = await client.post("/account/email", form={"email": email})
    assert response.headers["Location"] == "/account#address"


async def link(client: Client, inbox: Inbox, email: str = NEW) -> str:
    """Ask for another address and return the token that was mailed there."""
    await ask(client, email)
    return inbox.link(email, "/account/email/confirm").partition("?")[2]


async def changed(client: Client, inbox: Inbox, email: str = NEW, old: str = BOB["email"]) -> str:
    """Change the address and return the token that undoes it."""
    token = await link(client, inbox, email)
    assert (await client.post("/account/email/confirm", form={"token": token})).headers[
        "Location"
    ] == "/account#address"
    return inbox.link(old, "/undo-email-change").partition("?")[2]


@pytest.mark.asvs("6.3.7", "7.4.3")
async def test_the_address_changes_when_the_new_one_answers_and_the_old_one_is_told_twice(
    mailing: Quart, client: Client, inbox: Inbox, events: Events
) -> None:
    other = await log_in(mailing)
    token = await link(client, inbox)
    assert "Nothing has changed yet" in " ".join(text_of(inbox.last(BOB["email"])).split())
    assert (await user_of(mailing)).email == BOB["email"]
    page = await text(await client.get(f"/account/email/confirm?{token}"))
    assert f"bob@example.com becomes {NEW}" in page
    await client.post("/account/email/confirm", form={"token": token})
    assert "Your address is changed." in await text(await client.get("/account"))
    user = await user_of(mailing)
    assert (user.email, user.email_key, user.verified_at is not None) == (NEW, NEW, True)
    assert [await is_logged_in(each) for each in (client, other)] == [True, False]
    assert "former address can undo that until" in " ".join(text_of(inbox.last(NEW)).split())
    assert "get your account back" in " ".join(text_of(inbox.last(BOB["email"])).split())
    assert {"email_change_asked", "email_changed"} <= set(events.names)
    assert (await logs_in(mailing, BOB["password"]), await log_in(mailing, email=NEW) is not None) == (False, True)


@pytest.mark.asvs("6.6.2", "6.6.3", "6.5.1", "6.5.5")
async def test_a_code_does_it_too_once_in_this_account_for_ten_minutes_after_few_wrong_ones(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    async def answer(code: str, browser: Client = client) -> str:
        await browser.post("/account/email/code", form={"code": code})
        return (await user_of(mailing)).email

    await ask(client)
    await confirmed(mailing, inbox, EVE)
    assert await answer(inbox.code(NEW), await log_in(mailing, EVE)) == BOB["email"], "another account's code"
    for _ in range(mailed_codes.MAX_TRIES):
        await answer("AAAAAA")
    assert await answer(inbox.code(NEW)) == BOB["email"], "too many tries"
    time.advance(LATER)
    await ask(client)
    time.advance(mailed_codes.LASTS)
    assert await answer(inbox.code(NEW)) == BOB["email"], "too late"
    await client.post("/account/email", form={"email": NEW, "sudo_password": BOB["password"]})
    assert await answer(f" {inbox.code(NEW)[:3].lower()}-{inbox.code(NEW)[3:]}") == NEW
    assert "No change of your address waits" in await _said_after(client, "/account/email/code", code="AAAAAA")


async def _said_after(client: Client, path: str, **form: str) -> str:
    await client.post(path, form=form)
    return await text(await client.get("/account"))


@pytest.mark.asvs("6.3.8")
async def test_a_taken_address_is_answered_as_a_free_one_and_its_owner_alone_is_told(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    await confirmed(mailing, inbox, EVE)
    answers = []
    time.advance(LATER)
    await client.get("/profile")  # so that the session's last_seen_at is of this minute
    for email in (NEW, EVE["email"]):
        with mail_held_back(mailing) as sender, counting(services_of(mailing).database) as costs:
            response = await client.post("/account/email", form={"email": email})
        page = await text(await client.get("/account"))
        answers.append((response.status_code, costs.statements, page.replace(email, "")))
        await sender.send_due()
        await client.post("/account/email/cancel")
    assert answers[0] == answers[1]
    mail = text_of(inbox.last(EVE["email"]))
    assert "somebody wanted to use" in inbox.last(EVE["email"])["Subject"]
    assert "confirm" not in mail
    assert BOB["email"] not in mail


async def test_only_the_owners_session_confirms(mailing: Quart, client: Client, inbox: Inbox) -> None:
    """A mistyped address's owner can't take the account over."""
    token = await link(client, inbox)
    stranger = mailing.test_client()
    response = await stranger.get(f"/account/email/confirm?{token}")
    assert response.headers["Location"] == f"/login?next=/account/email/confirm?{token}"
    await stranger.post("/account/email/confirm", form={"token": token})
    await confirmed(mailing, inbox, EVE)
    eve = await log_in(mailing, EVE)
    for response in (
        await eve.get(f"/account/email/confirm?{token}"),
        await eve.post("/account/email/confirm", form={"token": token}, follow_redirects=True),
    ):
        assert (response.status_code, "belongs to another account" in await text(response)) == (410, True)
    assert (await user_of(mailing)).email == BOB["email"]
    response = await stranger.post("/login", form=BOB | {"next": f"/account/email/confirm?{token}"}, **elsewhere())
    assert f"becomes {NEW}" in await text(await stranger.get(response.headers["Location"]))


async def test_of_two_accounts_each_sees_and_confirms_its_own_change_alone(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    await confirmed(mailing, inbox, EVE)
    eve = await log_in(mailing, EVE)
    for owner, other in ((client, eve), (eve, client)):
        time.advance(LATER)
        token = await link(owner, inbox)
        assert NEW not in await text(await other.get("/account"))
        response = await other.get(f"/account/email/confirm?{token}")
        assert "belongs to another account" in await text(response)
        await owner.post("/account/email/cancel")


@pytest.mark.parametrize(
    "asked_with",
    [{"password_version": -1}, {"password_version": 1}, {"account_key": "a@a.example"}, {"account_key": "z@z.example"}],
    ids=str,
)
async def test_a_change_that_was_asked_for_with_another_password_or_address_is_void(
    mailing: Quart, client: Client, asked_with: dict[str, object]
) -> None:
    await ask(client)
    async with services_of(mailing).database.transaction() as db:
        await db.execute(update(EmailChange).values(asked_with))
    assert NEW not in await text(await client.get("/account"))


async def test_it_is_shown_and_can_be_cancelled_and_then_neither_link_nor_code_counts(
    mailing: Quart, client: Client, inbox: Inbox, events: Events
) -> None:
    token = await link(client, inbox)
    assert f"We have sent a mail to {NEW}" in await text(await client.get("/account"))
    for _ in range(2):
        await client.post("/account/email/cancel")
    assert NEW not in await text(await client.get("/account"))
    await client.post("/account/email/confirm", form={"token": token})
    await client.post("/account/email/code", form={"code": inbox.code(NEW)})
    assert (await user_of(mailing)).email == BOB["email"]
    assert (await client.get(f"/account/email/confirm?{token}")).status_code == 410
    assert "email_change_cancelled" in events.names


async def test_asking_for_another_address_voids_the_first(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    first = await link(client, inbox)
    second = await link(client, inbox, "bob@third.example")
    assert (await client.get(f"/account/email/confirm?{first}")).status_code == 410
    await client.post("/account/email/confirm", form={"token": first})
    assert (await user_of(mailing)).email == BOB["email"]
    await client.post("/account/email/confirm", form={"token": second})
    assert (await user_of(mailing)).email == "bob@third.example"


async def test_asking_again_for_the_same_address_leaves_the_first_link_alone(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    first = await link(client, inbox)
    time.advance(LATER)
    await link(client, inbox)
    await client.post("/account/email/confirm", form={"token": first})
    assert (await user_of(mailing)).email == NEW


@pytest.mark.asvs("6.5.1", "6.5.5")
async def test_a_link_lasts_two_hours_to_the_second(mailing: Quart, client: Client, inbox: Inbox, time: Clock) -> None:
    await client.post("/login", form=BOB | {"remember": "on"})
    client = await log_in(mailing, remember="on")
    token = await link(client, inbox)
    time.advance(email_changes.LASTS - timedelta(seconds=1))
    assert (await client.get(f"/account/email/confirm?{token}")).status_code == 200
    time.advance(timedelta(seconds=1))
    assert (await client.get(f"/account/email/confirm?{token}")).status_code == 410
    assert NEW not in await text(await client.get("/account"))


@pytest.mark.asvs("15.4.2")
async def test_a_double_click_changes_once_and_logs_nobody_out(mailing: Quart, client: Client, inbox: Inbox) -> None:
    for path, form in (("/account/email", {"email": NEW}), ("/account/email/confirm", {"token": ""})):
        if "token" in form:
            form["token"] = inbox.link(NEW, "/account/email/confirm").partition("?")[2]
        assert {response.status_code for response in await twice(mailing, client, path, form)} == {302}
    assert await is_logged_in(client)
    assert (await user_of(mailing)).email == NEW
    subjects = [mail["Subject"].partition(": ")[2] for mail in inbox.to(BOB["email"])[1:]]
    assert sorted(subjects) == ["another address was asked for", "your address was changed"]


async def test_an_address_that_was_taken_meanwhile_changes_nothing(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    token = await link(client, inbox)
    time.advance(LATER)
    await confirmed(mailing, inbox, EVE | {"email": NEW})
    response = await client.post("/account/email/confirm", form={"token": token})
    assert response.headers["Location"] == f"/account/email/confirm?{token}"
    assert "Email address already exists" in await notice(client, response.headers["Location"])
    assert (await user_of(mailing)).email == BOB["email"]
    assert await is_logged_in(client)


@pytest.mark.asvs("15.4.2")
async def test_a_change_and_a_sign_up_that_are_confirmed_at_once_make_one_owner(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    token = await link(client, inbox)
    time.advance(LATER)
    eve = mailing.test_client()
    await eve.post("/signup", form=EVE | {"email": NEW}, **elsewhere())
    other = inbox.link(NEW, "/confirm").partition("?")[2]
    responses = await asyncio.gather(
        client.post("/account/email/confirm", form={"token": token}), eve.post("/confirm", form={"token": other})
    )
    assert {response.status_code for response in responses} == {302}
    async with services_of(mailing).database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(User).where(User.email_key == NEW)) == 1


async def test_a_new_password_by_an_operator_voids_a_change_that_waits(
    mailing: Quart, client: Client, inbox: Inbox
) -> None:
    token = await link(client, inbox)
    services = services_of(mailing)
    await users.set_password(
        services.database.transaction,
        services.passwords,
        user=await user_of(mailing),
        password=PASSWORD,
        site="localhost",
    )
    async with services.database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(EmailChange)) == 0
    owner = await log_in(mailing, password=PASSWORD)
    assert NEW not in await text(await owner.get("/account"))
    await owner.post("/account/email/confirm", form={"token": token})
    await owner.post("/account/email/code", form={"code": inbox.code(NEW)})
    assert (await user_of(mailing)).email == BOB["email"]


@pytest.mark.parametrize("act", ["password", "disable", "delete"])
async def test_a_link_is_void_once_the_account_is_another(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock, act: str
) -> None:
    token = await link(client, inbox)
    user = await user_of(mailing)
    if act == "password":
        await client.post("/account/password", form={"current_password": BOB["password"], "password": PASSWORD})
        assert (await client.get(f"/account/email/confirm?{token}")).status_code == 410
        assert NEW not in await text(await client.get("/account"))
        return
    async with services_of(mailing).database.transaction() as db:
        await (users.disable(db, user=user, now=time.now) if act == "disable" else users.delete_user(db, user=user))
    response = await client.get(f"/account/email/confirm?{token}")
    assert response.headers["Location"].startswith("/login")
    async with services_of(mailing).database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(EmailChange)) == 0


async def test_asking_is_limited_for_each_account_and_needs_the_password(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    for number in range(limits.EMAIL_CHANGE_BY_ACCOUNT.attempts):
        await ask(client, f"bob{number}@new.example")
    assert (await client.post("/account/email", form={"email": NEW})).status_code == 429
    assert not inbox.to(NEW)
    time.advance(sudo.LASTS)
    response = await client.post("/account/email", form={"email": NEW})
    assert (response.status_code, f"Change your address to {NEW}" in await text(response)) == (403, True)


@pytest.mark.parametrize(("email", "said"), [(BOB["email"], "your address already"), ("bob", "valid email")])
async def test_a_refused_address_is_said_in_its_section(client: Client, email: str, said: str) -> None:
    await client.post("/account/email", form={"email": email})
    section = (await (await client.get("/account")).get_data(as_text=True)).partition('id="address"')[2]
    assert said in section.partition("</section>")[0]


async def test_another_spelling_of_ones_own_address_is_confirmed_too(
    mailing: Quart, client: Client, inbox: Inbox
) -> None:
    token = await link(client, inbox, "Bob@example.com")
    await client.post("/account/email/confirm", form={"token": token})
    assert (await user_of(mailing)).email == "Bob@example.com"


async def test_this_browser_is_known_to_the_new_address(mailing: Quart, client: Client, inbox: Inbox) -> None:
    before = cookie(client, "device")
    await changed(client, inbox)
    assert cookie(client, "device") != before


async def test_a_mail_that_is_cancelled_before_it_is_sent_is_not_sent(
    mailing: Quart, client: Client, inbox: Inbox
) -> None:
    with mail_held_back(mailing) as sender:
        await ask(client)
        await client.post("/account/email/cancel")
    await sender.send_due()
    assert not inbox.to(NEW)


@pytest.mark.parametrize("end", [users.disable, users.delete_user])
async def test_mail_about_an_account_that_is_gone_is_not_sent(
    mailing: Quart,
    client: Client,
    inbox: Inbox,
    time: Clock,
    end: Callable[..., Awaitable[None]],
) -> None:
    """A link waits for the new address, and another one, for a new password, for the old."""
    with mail_held_back(mailing) as sender:
        await ask(client)
        await client.post("/forgot-password", form={"email": BOB["email"]}, **elsewhere())
    async with services_of(mailing).database.transaction() as db:
        arguments = {"now": time.now} if end is users.disable else {}
        await end(db, user=await db.get_one(User, 1), **arguments)
    await sender.send_due()
    assert not inbox.to(NEW)
    assert not any("reset-password" in text_of(mail) for mail in inbox.to(BOB["email"]))
    async with services_of(mailing).database.reading() as db:
        assert (await db.scalars(select(Mail))).all() == [], "none has failed, and none waits"


async def test_without_mail_it_changes_at_once_and_a_taken_address_says_so(
    client: Client, make_app: MakeApp, time: Clock
) -> None:
    app = make_app()
    browser = app.test_client()
    await browser.post("/signup", form=BOB)
    await browser.post("/signup", form=EVE)
    await browser.post("/login", form=BOB)
    other = await log_in(app)
    await browser.post("/account/email", form={"email": EVE["email"]})
    assert "Email address already exists" in await text(await browser.get("/account"))
    for _ in range(2):
        await browser.post("/account/email", form={"email": NEW})
        assert "Your address is changed." in await text(await browser.get("/account"))
    assert ((await user_of(app)).email, (await user_of(app)).verified_at) == (NEW, None)
    assert [await is_logged_in(each) for each in (browser, other)] == [True, False]
    for _ in range(limits.EMAIL_CHANGE_BY_ACCOUNT.attempts):
        response = await browser.post("/account/email", form={"email": EVE["email"]})
    assert response.status_code == 429, "nobody reads off here who has an account"
    for path in ("/account/email/confirm", "/undo-email-change"):
        assert (await browser.get(path)).status_code == 404


async def test_without_mail_the_address_of_an_older_account_is_refused_too(make_app: MakeApp) -> None:
    app = make_app()
    for person in (BOB, EVE):
        await app.test_client().post("/signup", form=person)
    newer = await log_in(app, EVE)
    await newer.post("/account/email", form={"email": BOB["email"]})
    assert "Email address already exists" in await text(await newer.get("/account"))


# --- undo


@pytest.mark.asvs("6.3.7", "6.4.3", "7.4.3")
async def test_the_former_address_undoes_it_and_whoever_changed_it_is_out(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock, events: Events
) -> None:
    """A thief at an open session has changed the address, and then all else."""
    token = await changed(client, inbox)
    time.advance(LATER)
    await turn_on(mailing)
    await client.post("/account/delete")
    thief = mailing.test_client()
    owner = mailing.test_client()
    page = await text(await owner.get(f"/undo-email-change?{token}"))
    assert "It gets the address bob@example.com" in page
    response = await owner.post("/undo-email-change", form={"token": token, "password": PASSWORD})
    assert response.headers["Location"] == "/login"
    assert "You have your account back" in await notice(owner, "/login")
    user = await user_of(mailing)
    assert (user.email, user.delete_at) == (BOB["email"], None)
    await thief.post("/login", form={"email": NEW, "password": BOB["password"]}, **elsewhere())
    assert [await is_logged_in(each) for each in (client, thief, owner)] == [False] * 3
    assert await logs_in(mailing, PASSWORD), "the second step that was set up since is off"
    for to in (BOB["email"], NEW):
        assert any("undone" in mail["Subject"] for mail in inbox.to(to))
    assert "email_change_undone" in events.names
    again = await owner.get(f"/undo-email-change?{token}")
    assert (again.status_code, "has been used" in await text(again)) == (410, True)


async def test_a_second_step_from_before_the_change_stays(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    phone = await turn_on(mailing)
    time.advance(timedelta(minutes=1))
    token = await changed(client, inbox)
    owner = mailing.test_client()
    await owner.post("/undo-email-change", form={"token": token, "password": PASSWORD})
    assert not await logs_in(mailing, PASSWORD)
    response = await owner.post("/login", form=BOB | {"password": PASSWORD}, **elsewhere())
    assert response.headers["Location"] == "/login/second-step"
    await owner.post("/login/second-step", form={"code": phone.recovery_codes[0]})
    assert await is_logged_in(owner)


@pytest.mark.asvs("6.4.3", "6.5.6")
async def test_a_passkey_that_was_added_since_the_change_is_void_and_one_from_before_is_not(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    owners = await authenticators.add_passkey(client)
    time.advance(timedelta(seconds=1))
    token = await changed(client, inbox)
    thiefs = await authenticators.add_passkey(client)
    await mailing.test_client().post("/undo-email-change", form={"token": token, "password": PASSWORD})
    for passkey, counts in ((thiefs, False), (owners, True)):
        browser = mailing.test_client()
        await authenticators.log_in(browser, passkey)
        assert await is_logged_in(browser) == counts
    assert "a passkey was removed" in "".join(mail["Subject"] for mail in inbox.to(BOB["email"]))


async def test_recovery_codes_that_were_made_since_the_change_are_void(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    phone = await turn_on(mailing)
    time.advance(timedelta(minutes=1))
    token = await changed(client, inbox)
    page = await (await client.post("/account/second-step/recovery-codes")).get_data(as_text=True)
    assert phone.recovery_codes[0] not in page
    await mailing.test_client().post("/undo-email-change", form={"token": token, "password": PASSWORD})
    owner = mailing.test_client()
    await owner.post("/login", form=BOB | {"password": PASSWORD}, **elsewhere())
    await owner.post("/login/second-step", form={"code": phone.code()})
    assert "0" in await text(await owner.get("/account/second-step"))


async def test_an_account_at_a_provider_that_was_connected_since_the_change_is_void_and_one_from_before_is_not(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    database = services_of(mailing).database
    begun = time.now
    time.advance(LATER)
    token = await changed(client, inbox)
    time.advance(LATER)
    async with database.transaction() as db:
        for issuer, at in (("owner's", begun), ("thief's", time.now)):
            db.add(Identity(user_id=1, issuer=issuer, subject="1", created_at=at))
    await mailing.test_client().post("/undo-email-change", form={"token": token, "password": PASSWORD})
    async with database.reading() as db:
        assert list(await db.scalars(select(Identity.issuer))) == ["owner's"]


async def test_a_thiefs_next_change_voids_no_undo_and_the_owners_undo_voids_the_thiefs(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    owners = await changed(client, inbox)
    time.advance(LATER)
    thiefs = await changed(client, inbox, "thief@third.example", old=NEW)
    time.advance(LATER)
    await mailing.test_client().post("/undo-email-change", form={"token": thiefs, "password": EVE["password"]})
    assert (await user_of(mailing)).email == NEW
    await mailing.test_client().post("/undo-email-change", form={"token": owners, "password": PASSWORD})
    assert (await user_of(mailing)).email == BOB["email"]
    time.advance(LATER)
    client = mailing.test_client()
    await client.post("/login", form=BOB | {"password": PASSWORD}, **elsewhere())
    owners = await changed(client, inbox)
    time.advance(LATER)
    thiefs = await changed(client, inbox, "thief@third.example", old=NEW)
    await mailing.test_client().post("/undo-email-change", form={"token": owners, "password": BOB["password"]})
    assert (await mailing.test_client().get(f"/undo-email-change?{thiefs}")).status_code == 410


@pytest.mark.asvs("6.5.1")
async def test_it_can_be_undone_for_72_hours_and_the_account_says_until_when(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    start = time.now
    token = await changed(client, inbox)
    assert "can undo the last change until 4 January 2030, 00:" in await text(await client.get("/account"))
    stranger = mailing.test_client()
    time.now = start + tokens.LIFETIMES[tokens.UNDO] - timedelta(seconds=1)
    assert (await stranger.get(f"/undo-email-change?{token}")).status_code == 200
    time.now += timedelta(seconds=1)
    assert (await stranger.get(f"/undo-email-change?{token}")).status_code == 410
    await stranger.post("/undo-email-change", form={"token": token, "password": PASSWORD})
    assert (await user_of(mailing)).email == NEW
    owner = await log_in(mailing, email=NEW)
    for _ in range(2):
        assert "can undo the last change" not in await text(await owner.get("/account"))
        time.advance(timedelta(seconds=1))


async def test_a_refused_password_undoes_nothing_and_uses_nothing_up(
    mailing: Quart, client: Client, inbox: Inbox
) -> None:
    token = await changed(client, inbox)
    stranger = mailing.test_client()
    for password, email in (("password1", NEW), (PASSWORD, BOB["email"])):
        await stranger.post("/undo-email-change", form={"token": token, "password": password})
        assert (await user_of(mailing)).email == email


async def test_a_former_address_that_has_another_account_by_now_is_not_taken_from_it(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    token = await changed(client, inbox)
    time.advance(LATER)
    await confirmed(mailing, inbox, EVE | {"email": BOB["email"]})
    response = await client.post("/undo-email-change", form={"token": token, "password": PASSWORD})
    assert response.headers["Location"] == f"/undo-email-change?{token}"
    assert "already exists" in await notice(client, response.headers["Location"])
    assert ((await user_of(mailing)).email, await is_logged_in(client)) == (NEW, True)


@pytest.mark.asvs("15.4.2")
async def test_of_two_who_undo_at_once_one_does(mailing: Quart, client: Client, inbox: Inbox) -> None:
    token = await changed(client, inbox)
    forms = [{"token": token, "password": password} for password in (PASSWORD, EVE["password"])]
    await asyncio.gather(*(mailing.test_client().post("/undo-email-change", form=form) for form in forms))
    assert (await user_of(mailing)).password_version == 1
    assert len([mail for mail in inbox.to(NEW) if "undone" in mail["Subject"]]) == 1


async def test_a_disabled_account_is_not_given_back(mailing: Quart, client: Client, inbox: Inbox, time: Clock) -> None:
    token = await changed(client, inbox)
    async with services_of(mailing).database.transaction() as db:
        await users.disable(db, user=await db.get_one(User, 1), now=time.now)
    assert (await client.get(f"/undo-email-change?{token}")).status_code == 410
    await client.post("/undo-email-change", form={"token": token, "password": PASSWORD})
    assert (await user_of(mailing)).email == NEW


async def test_a_reset_that_the_new_address_asked_for_is_void_after_the_undo(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    token = await changed(client, inbox)
    time.advance(LATER)
    thief = mailing.test_client()
    await thief.post("/forgot-password", form={"email": NEW}, **elsewhere())
    reset = inbox.link(NEW, "/reset-password")
    await thief.post("/undo-email-change", form={"token": token, "password": PASSWORD})
    assert (await thief.get(reset)).status_code == 410


async def test_another_spelling_of_a_taken_address_is_told_to_its_owner_and_of_ones_own_is_proved(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    spelling = "\N{CIRCLED LATIN SMALL LETTER B}ob@example.com"
    await confirmed(mailing, inbox, EVE)
    eve = await log_in(mailing, EVE)
    await ask(eve, spelling)
    assert inbox.to(spelling) == []
    assert "somebody wanted to use your address" in inbox.last(BOB["email"])["Subject"]
    time.advance(LATER)
    await ask(client, spelling)
    assert "confirm your new address" in inbox.last(spelling)["Subject"]
