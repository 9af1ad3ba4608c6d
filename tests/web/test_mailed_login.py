"""Logging in by mail, where it is switched on: a link for any browser, a code for the one that asked."""

import asyncio
import re
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import func, select, update

from quart_auth_app import clock
from quart_auth_app.accounts import double_clicks, mailed_codes, sessions, sudo, tokens, users
from quart_auth_app.accounts.credentials.ways_in import NO_PASSWORD
from quart_auth_app.accounts.errors import TooManyAttempts
from quart_auth_app.accounts.logging_in import mailed_log_in
from quart_auth_app.accounts.throttling import mail_limits, throttle
from quart_auth_app.models import MailedLogIn, MailToken, PendingLogIn, Session, User
from quart_auth_app.operations import pruning
from tests.conftest import MakeApp, mail_held_back, services_of
from tests.counting import counting
from tests.databases import SECRET_KEY, NewDatabase
from tests.inbox import Inbox, text_of
from tests.people import BOB, EVE, Accounts, Client, Clock, Events, elsewhere, is_logged_in, notice, send, text
from tests.second_steps import turn_on
from tests.web.test_sign_up_by_mail import LATER, confirmed, with_bob

EMAIL = BOB["email"]


@pytest.fixture
async def mailing(make_app: MakeApp, inbox: Inbox, time: Clock) -> Quart:
    """An application where people log in by mail, and Bob has an account."""
    return await with_bob(make_app(MAIL_URL=inbox.url, MAILED_LOGIN="yes"), inbox, time)


@pytest.fixture
def client(mailing: Quart) -> Client:
    """A browser."""
    return mailing.test_client()


async def ask(client: Client, email: str = EMAIL, **fields: str) -> None:
    """Ask for a mail, from a computer of one's own."""
    response = await client.post("/login/mail", form={"email": email, **fields}, **elsewhere())
    assert response.headers["Location"].startswith("/login/check-mail")


async def asked(client: Client, inbox: Inbox) -> tuple[str, str]:
    """Ask for a mail and return the token and the code in it."""
    await ask(client)
    return inbox.link(EMAIL, "/login/link").partition("?")[2], inbox.code(EMAIL)


async def use_link(client: Client, token: str, **fields: str) -> str:
    """Press the button on the link's page, and return where that leads."""
    response = await client.post("/login/link", form={"token": token, **fields}, **elsewhere())
    return response.headers["Location"]


async def use_code(client: Client, code: str, **fields: str) -> str:
    """Type the code, and return where that leads."""
    return (await client.post("/login/code", form={"code": code, **fields})).headers["Location"]


async def test_nothing_of_it_is_there_unless_it_is_switched_on(make_app: MakeApp, inbox: Inbox) -> None:
    for settings in ({}, {"MAIL_URL": inbox.url}):
        client = make_app(**settings).test_client()
        for route in ("POST mail", "GET check-mail", "POST code", "GET link", "POST link"):
            method, path = route.split()
            assert (await send(client, method, f"/login/{path}")).status_code == 404
        assert "by mail" not in await text(await client.get("/login"))


async def test_a_code_logs_in_the_browser_that_asked_and_goes_where_it_wanted(
    client: Client, inbox: Inbox, events: Events
) -> None:
    assert "Log in by mail" in await text(await client.get("/login"))
    response = await client.post("/login/mail", form={"email": EMAIL, "next": "/account", "remember": "on"})
    assert response.headers["Location"] == "/login/check-mail?next=/account"
    page = await client.get(response.headers["Location"])
    assert EMAIL in await text(page)
    assert 'name="next" value="/account"' in await page.get_data(as_text=True)
    code = inbox.code(EMAIL)
    assert await use_code(client, f" {code[:4].lower()}-{code[4:]} ", next="/account") == "/account"
    assert await is_logged_in(client)
    assert events.all[-2]["event"] == "mailed_log_in_asked"
    assert (events.all[-1]["event"], events.all[-1]["methods"]) == ("log_in", "mail")


@pytest.mark.asvs("6.6.2")
async def test_a_code_counts_in_the_browser_that_asked_alone(mailing: Quart, client: Client, inbox: Inbox) -> None:
    _, code = await asked(client, inbox)
    eve = mailing.test_client()
    await ask(eve, EVE["email"])
    assert await use_code(eve, code) == "/login/check-mail"
    assert await use_code(mailing.test_client(), code) == "/login/check-mail"
    again = mailing.test_client()
    await ask(again)
    assert await use_code(again, code) == "/login/check-mail", "another request for the same address is another code"
    assert await use_code(client, code) == "/profile"


async def test_a_link_logs_in_any_browser_where_it_is_opened_and_not_the_one_that_asked(
    mailing: Quart, client: Client, inbox: Inbox
) -> None:
    token, _ = await asked(client, inbox)
    phone = mailing.test_client()
    page = await text(await phone.get(f"/login/link?{token}"))
    assert f"You will be logged in as {EMAIL}." in page
    assert await use_link(phone, token) == "/profile"
    assert (await is_logged_in(phone), await is_logged_in(client)) == (True, False)


async def test_scanners_that_open_the_link_burn_nothing_and_get_no_session(
    mailing: Quart, client: Client, inbox: Inbox
) -> None:
    token, _ = await asked(client, inbox)
    for _ in range(3):
        scanner = mailing.test_client()
        for look in (scanner.head, scanner.get):
            assert (await look(f"/login/link?{token}")).status_code == 200
        for mangled in (token[:-1] + "=", token + "%", token.upper(), ""):
            assert (await scanner.get(f"/login/link?{mangled}")).status_code == 410
            assert "/login/link" in await use_link(scanner, mangled)
        assert not await is_logged_in(scanner)
    assert await use_link(client, token) == "/profile"


@pytest.mark.asvs("6.5.1")
async def test_what_a_mail_brings_is_used_once_be_it_link_or_code(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    token, code = await asked(client, inbox)
    other = mailing.test_client()
    time.advance(LATER)
    second, second_code = await asked(other, inbox)
    assert await use_link(mailing.test_client(), token) == "/profile"
    late = mailing.test_client()
    assert await use_link(late, token) == f"/login/link?{token}"
    assert "has been used" in await text(await late.get(f"/login/link?{token}"))
    assert await use_code(client, code) == "/login/check-mail"
    assert await use_link(late, second) == f"/login/link?{second}", "a used link voids the others"
    assert await use_code(other, second_code) == "/login/check-mail"


async def test_a_link_that_lets_nobody_in_is_in_the_security_log_with_the_reason(
    mailing: Quart, client: Client, inbox: Inbox, events: Events
) -> None:
    token, _ = await asked(client, inbox)
    for sent in (tokens.new(), token, token):
        await use_link(mailing.test_client(), sent)
    failed = [event["reason"] for event in events.all if event["event"] == "mailed_log_in_failed"]
    assert failed == ["LinkInvalid", "LinkUsed"]


@pytest.mark.asvs("6.5.1")
@pytest.mark.parametrize("by", ["link", "code"])
async def test_of_twenty_at_once_one_gets_in(mailing: Quart, client: Client, inbox: Inbox, by: str) -> None:
    token, code = await asked(client, inbox)
    tries = mailed_codes.MAX_TRIES if by == "code" else 20
    led = await asyncio.gather(
        *(use_code(client, code) if by == "code" else use_link(client, token) for _ in range(tries))
    )
    assert led.count("/profile") == (tries if by == "code" else 1), "in one browser, it is one click that was repeated"
    async with services_of(mailing).database.reading() as db:
        assert len(await sessions.active(db, now=clock.now())) == 1


def _dropping_cookies(client: Client) -> dict[str, dict[str, str]]:
    """Return what a second click sends: the cookies of before, as the browser has dropped the answer to the first."""
    assert client.cookie_jar is not None
    return {"headers": {"Cookie": "; ".join(f"{each.name}={each.value}" for each in client.cookie_jar)}}


@pytest.mark.parametrize("has_second_step", [False, True])
@pytest.mark.parametrize("by", ["link", "code"])
async def test_a_double_click_ends_where_one_click_does(
    mailing: Quart, inbox: Inbox, time: Clock, events: Events, by: str, has_second_step: bool
) -> None:
    phone = await turn_on(mailing) if has_second_step else None
    time.advance(LATER)
    client = mailing.test_client()
    token, code = await asked(client, inbox)
    path, form = ("/login/link", {"token": token}) if by == "link" else ("/login/code", {"code": code})
    before = _dropping_cookies(client)
    for _ in range(3):
        client = mailing.test_client(use_cookies=False)
        response = await client.post(path, form=form, **before)
    cookies = "; ".join(each.partition(";")[0] for each in response.headers.getlist("Set-Cookie"))
    browser = {"headers": {"Cookie": cookies}}
    if phone:
        assert response.headers["Location"] == "/login/second-step"
        response = await client.post("/login/second-step", form={"code": phone.recovery_codes[0]}, **browser)
    else:
        assert (await client.get("/profile", **browser)).status_code == 200
    assert events.names.count("log_in") == 1
    async with services_of(mailing).database.reading() as db:
        assert len(await sessions.active(db, now=clock.now())) == 1
    time.advance(double_clicks.LASTS + throttle.SLACK)
    response = await mailing.test_client(use_cookies=False).post(path, form=form, **before)
    assert response.headers["Location"] != "/profile", "later it is no double click"


async def test_a_double_click_ends_where_one_click_does_in_a_sites_very_first_session(
    make_app: MakeApp, inbox: Inbox
) -> None:
    app = make_app(MAIL_URL=inbox.url, MAILED_LOGIN="yes")
    await Accounts(services_of(app)).sign_up(**BOB)
    client = app.test_client()
    _, code = await asked(client, inbox)
    for _ in range(2):
        assert await use_code(client, code) == "/profile"
    async with services_of(app).database.reading() as db:
        assert [session.id for session, _ in await sessions.active(db, now=clock.now())] == [1]


async def test_another_browser_gets_nothing_by_a_second_click(mailing: Quart, client: Client, inbox: Inbox) -> None:
    token, _ = await asked(client, inbox)
    assert (await client.post("/login/link", form={"token": token})).headers["Location"] == "/profile"
    other = mailing.test_client()
    response = await other.post("/login/link", form={"token": token}, headers={"User-Agent": "another"})
    assert response.headers["Location"] == f"/login/link?{token}"
    assert await use_link(other, token) == f"/login/link?{token}"


async def test_an_equal_form_from_an_equal_browser_at_the_same_address_is_no_second_click(mailing: Quart) -> None:
    for _ in range(2):
        client = mailing.test_client()
        await client.get("/login")
        await client.post("/login/mail", form={"email": EMAIL})
    async with services_of(mailing).database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(MailedLogIn)) == 2


@pytest.mark.asvs("6.5.5")
async def test_link_and_code_last_ten_minutes_to_the_second(client: Client, inbox: Inbox, time: Clock) -> None:
    token, code = await asked(client, inbox)
    time.advance(timedelta(minutes=9, seconds=59))
    assert (await client.get(f"/login/link?{token}")).status_code == 200
    time.advance(timedelta(seconds=1))
    assert (await client.get(f"/login/link?{token}")).status_code == 410
    assert await use_link(client, token) == f"/login/link?{token}"
    assert await use_code(client, code) == "/login/check-mail"


@pytest.mark.asvs("6.6.3")
async def test_after_five_wrong_codes_the_right_one_counts_no_more(
    client: Client, inbox: Inbox, time: Clock, events: Events
) -> None:
    _, code = await asked(client, inbox)
    for _ in range(mailed_codes.MAX_TRIES):
        await use_code(client, "AAAAAAAA")
    assert events.names[-mailed_codes.MAX_TRIES :] == ["mailed_log_in_failed"] * mailed_codes.MAX_TRIES
    assert await use_code(client, code) == "/login/check-mail"
    assert "not the code of our newest mail" in await notice(client, "/login/check-mail")
    time.advance(LATER)
    _, code = await asked(client, inbox)
    assert await use_code(client, code) == "/profile"


@pytest.mark.asvs("6.6.3")
async def test_an_address_gets_a_mail_a_minute_and_a_network_asks_twenty_times_an_hour(
    mailing: Quart, client: Client, inbox: Inbox
) -> None:
    for _ in range(3):
        await ask(client)
    assert len([mail for mail in inbox.to(EMAIL) if "log in" in mail["Subject"]]) == 1
    flood = mailing.test_client()
    limit = mail_limits.BY_NETWORK.attempts
    statuses = [(await flood.post("/login/mail", form={"email": EMAIL})).status_code for _ in range(limit + 1)]
    assert statuses == [302] * limit + [429]


@pytest.mark.asvs("6.3.8")
async def test_the_answers_are_the_same_for_every_address(mailing: Quart, time: Clock) -> None:
    """Bytes, cookies and statements of asking, of the page that waits, and of a wrong code."""
    answers = []
    for email in (EMAIL, "nobody@example.com"):
        client = mailing.test_client()
        seen = []
        with mail_held_back(mailing) as sender, counting(services_of(mailing).database) as costs:
            asking = await client.post("/login/mail", form={"email": email}, **elsewhere())
        statements = costs.statements
        await sender.send_due()
        with counting(services_of(mailing).database) as costs:
            for answer in (
                asking,
                await client.get("/login/check-mail"),
                await client.post("/login/code", form={"code": "AAAAAAAA"}),
                await client.get("/login/check-mail"),
            ):
                seen += [f"{name}: {value}" for name, value in answer.headers.items()]
                seen += [str(answer.status_code), await answer.get_data(as_text=True)]
        random = r"(?i)x-request-id: \w+|content-length: \d+|expires=[^;\n]*|(flash|mailed-log-in)=[^;]*"
        said = re.sub(random, "", "\n".join(seen)).replace(email, "")
        answers.append((said, statements, costs.statements, len(costs.hand_overs)))
    assert answers[0] == answers[1]


@pytest.mark.asvs("6.3.8")
@pytest.mark.parametrize("path", ["/login/mail", "/signup"])
async def test_a_wrong_code_is_hashed_though_none_was_mailed(
    mailing: Quart, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Otherwise the time that a wrong code takes would tell which addresses have an account."""
    hashed = []
    passwords = services_of(mailing).passwords
    verify = passwords.verify

    async def counted(password: str, stored: str | None) -> tuple[bool, str | None]:
        hashed.append(password)
        return await verify(password, stored)

    monkeypatch.setattr(passwords, "verify", counted)
    for email in (EMAIL, "nobody@example.com"):
        client = mailing.test_client()
        await client.post(path, form=BOB | {"email": email}, **elsewhere())
        await client.post("/login/code" if path == "/login/mail" else "/signup/code", form={"code": "AAAAAAAA"})
    assert hashed == ["AAAAAAAA", "AAAAAAAA"]


@pytest.mark.asvs("6.3.3", "6.3.4")
@pytest.mark.parametrize("by", ["link", "code"])
async def test_the_second_step_is_still_asked_for(mailing: Quart, client: Client, inbox: Inbox, by: str) -> None:
    phone = await turn_on(mailing)
    token, code = await asked(client, inbox)
    led = await use_link(client, token) if by == "link" else await use_code(client, code, next="/account")
    assert led == ("/login/second-step" if by == "link" else "/login/second-step?next=/account")
    assert not await is_logged_in(client)
    async with services_of(mailing).database.reading() as db:
        assert (await db.scalars(select(PendingLogIn.methods))).all() == ["mail"]
    await client.post("/login/second-step", form={"code": phone.recovery_codes[0]})
    assert await is_logged_in(client)
    async with services_of(mailing).database.reading() as db:
        assert (await db.scalars(select(Session.methods))).all() == ["mail recovery-code"]


async def test_remember_me_is_kept_for_the_code_and_asked_on_the_links_page(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    await ask(client, remember="on")
    await use_code(client, inbox.code(EMAIL))
    time.advance(LATER)
    token, _ = await asked(mailing.test_client(), inbox)
    await use_link(mailing.test_client(), token, remember="on")
    time.advance(LATER)
    token, _ = await asked(mailing.test_client(), inbox)
    await use_link(mailing.test_client(), token)
    async with services_of(mailing).database.reading() as db:
        assert (await db.scalars(select(Session.remember).order_by(Session.id))).all() == [True, True, False]


async def test_who_is_logged_in_as_another_is_told_whose_session_ends(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    await confirmed(mailing, inbox, EVE)
    eve = mailing.test_client()
    await eve.post("/login", form=EVE)
    token, _ = await asked(client, inbox)
    page = await text(await eve.get(f"/login/link?{token}"))
    assert EMAIL in page
    assert f"You are logged in as {EVE['email']} now." in page
    await use_link(eve, token)
    assert "Welcome, Bob!" in await text(await eve.get("/profile"))
    async with services_of(mailing).database.reading() as db:
        assert (await db.scalars(select(Session.user_id))).all() == [1]


@pytest.mark.parametrize("by", ["link", "code"])
@pytest.mark.parametrize("change", ["password", "address", "disabled", "deleted"])
async def test_nothing_that_was_mailed_outlives_a_change_of_the_account(
    mailing: Quart, client: Client, inbox: Inbox, by: str, change: str, time: Clock
) -> None:
    token, code = await asked(client, inbox)
    async with services_of(mailing).database.transaction() as db:
        bob = (await db.scalars(select(User))).one()
        if change == "password":
            await db.execute(update(User).values(password_version=User.password_version + 1))
        elif change == "address":
            await db.execute(update(User).values(email="new@example.com", email_key="new@example.com"))
        elif change == "disabled":
            await users.disable(db, user=bob, now=time.now)
        else:
            await users.delete_user(db, user=bob)
    led = await use_link(client, token) if by == "link" else await use_code(client, code)
    assert led == (f"/login/link?{token}" if by == "link" else "/login/check-mail")
    assert not await is_logged_in(client)


async def test_an_address_without_an_account_and_a_disabled_account_get_no_link(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    await ask(client, EVE["email"])
    assert "no account" in inbox.last(EVE["email"])["Subject"]
    async with services_of(mailing).database.transaction() as db:
        await users.disable(db, user=(await db.scalars(select(User))).one(), now=time.now)
    await ask(client)
    assert "disabled" in inbox.last(EMAIL)["Subject"]
    assert "/login/link" not in text_of(inbox.last(EMAIL))


@pytest.mark.asvs("6.5.2")
async def test_neither_codes_nor_tokens_are_stored(mailing: Quart, client: Client, inbox: Inbox) -> None:
    token, code = await asked(client, inbox)
    async with services_of(mailing).database.reading() as db:
        row = (await db.scalars(select(MailedLogIn))).one()
        stored = (await db.scalars(select(MailToken).where(MailToken.id == row.token_id))).one()
    assert str(row.code).startswith("$bcrypt-sha256$")
    assert code not in str(vars(row))
    assert token not in str(vars(stored))
    assert len(code) == 8


async def test_the_first_proof_of_an_address_drops_all_that_was_there_before(
    make_app: MakeApp, new_database: NewDatabase, inbox: Inbox, time: Clock
) -> None:
    """The account was made while no mail was sent, perhaps by a stranger who waits in a session of it."""
    settings = {"DATABASE_URL": new_database(), "SECRET_KEY": SECRET_KEY}
    before = make_app(**settings)
    stranger = before.test_client()
    await stranger.post("/signup", form=BOB)
    await stranger.post("/login", form=BOB)
    await turn_on(before)
    app = make_app(**settings, MAIL_URL=inbox.url, MAILED_LOGIN="yes")
    stranger_now, owner = app.test_client(), app.test_client()
    stranger_now.cookie_jar = stranger.cookie_jar
    assert await is_logged_in(stranger_now)
    token, _ = await asked(owner, inbox)
    assert "are removed" in " ".join(text_of(inbox.last(EMAIL)).split())
    assert await use_link(owner, token) == "/profile", "no second step of the stranger's is asked for"
    assert (await is_logged_in(owner), await is_logged_in(stranger_now)) == (True, False)
    async with services_of(app).database.reading() as db:
        user = (await db.scalars(select(User))).one()
    assert (user.password, user.verified_at) == (NO_PASSWORD, time.now)


async def test_too_many_log_ins_use_up_neither_link_nor_code(
    client: Client, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, code = await asked(client, inbox)

    async def refuse(*_: object, **__: object) -> None:
        raise TooManyAttempts(60)

    with monkeypatch.context() as patch:
        patch.setattr("quart_auth_app.accounts.log_in.start_session", refuse)
        assert (await client.post("/login/link", form={"token": token})).status_code == 429
        assert (await client.post("/login/code", form={"code": code})).status_code == 429
    assert await use_code(client, code) == "/profile"


async def test_what_waited_too_long_is_deleted(mailing: Quart, client: Client, inbox: Inbox, time: Clock) -> None:
    await asked(client, inbox)
    time.advance(mailed_log_in.LASTS)
    assert (await client.get("/login/check-mail")).headers["Location"] == "/login"
    await pruning.prune(services_of(mailing).database, now=time.now)
    async with services_of(mailing).database.reading() as db:
        assert await db.scalar(select(func.count()).select_from(MailedLogIn)) == 0


async def test_the_address_is_checked_and_kept_in_the_form(client: Client) -> None:
    response = await client.post("/login/mail", form={"email": "no address", "next": "/account"})
    assert response.headers["Location"] == "/login?next=/account"
    page = await (await client.get("/login?next=/account")).get_data(as_text=True)
    assert 'value="no address"' in page
    assert "Please enter a valid email address." in page


async def test_who_has_neither_password_nor_passkey_proves_it_once_more_by_mail(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    _, code = await asked(client, inbox)
    await use_code(client, code)
    async with services_of(mailing).database.transaction() as db:
        await db.execute(update(User).values(password=NO_PASSWORD))
    time.advance(sudo.LASTS)
    page = await (await client.get("/account/passkeys")).get_data(as_text=True)
    assert "Log in by mail once more" in page
    assert 'name="next" value="/account/passkeys"' in page
    await ask(client, next="/account/passkeys")
    assert await use_code(client, inbox.code(EMAIL), next="/account/passkeys") == "/account/passkeys"
    assert (await client.get("/account/passkeys")).status_code == 200


@pytest.mark.parametrize("spelling", ["\N{CIRCLED LATIN SMALL LETTER B}ob@example.com", "BOB@example.com"])
@pytest.mark.parametrize("path", ["/login/mail", "/forgot-password", "/signup"])
async def test_mail_for_an_account_goes_to_its_own_address_however_it_was_typed(
    mailing: Quart, inbox: Inbox, path: str, spelling: str
) -> None:
    before = len(inbox.to(EMAIL))
    await mailing.test_client().post(path, form=EVE | {"email": spelling}, **elsewhere())
    assert (len(inbox.to(EMAIL)) - before, inbox.to(spelling)) == (1, [])
