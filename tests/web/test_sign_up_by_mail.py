"""Signing up where mail is on: no account until the mail is answered, and the same answer for every address."""

import asyncio
import re
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import func, select

from quart_auth_app.accounts import mailed_codes
from quart_auth_app.accounts.signing_up import sign_ups
from quart_auth_app.models import MailToken, SignUp, User
from tests.conftest import MakeApp, mail_held_back, services_of
from tests.counting import counting
from tests.inbox import Inbox, links_in, text_of
from tests.people import BOB, EVE, WRONG_DETAILS, Client, Clock, elsewhere, is_logged_in, notice, text

LATER = timedelta(minutes=2)


@pytest.fixture
def mailing(make_app: MakeApp, inbox: Inbox) -> Quart:
    """An application that sends mail."""
    return make_app(MAIL_URL=inbox.url)


@pytest.fixture
def client(mailing: Quart) -> Client:
    """A browser that has never been to it."""
    return mailing.test_client()


async def count(app: Quart, table: type[User | SignUp | MailToken]) -> int:
    """Return how many rows a table has."""
    async with services_of(app).database.reading() as db:
        return await db.scalar(select(func.count()).select_from(table)) or 0


async def sign_up(client: Client, who: dict[str, str] = BOB) -> None:
    """Sign up from a computer of one's own."""
    response = await client.post("/signup", form=who, **elsewhere())
    assert response.headers["Location"] == "/signup/check-mail"


@pytest.mark.asvs("6.4.1")
async def test_a_sign_up_is_an_account_once_its_link_is_followed(mailing: Quart, client: Client, inbox: Inbox) -> None:
    await sign_up(client)
    assert await count(mailing, User) == 0
    link = inbox.link(BOB["email"], "/confirm")
    page = await text(await client.get(link))
    assert "bob@example.com" in page
    assert "Password" not in page, "this browser signed up"
    response = await client.post("/confirm", form={"token": link.partition("?")[2]})
    assert response.headers["Location"] == "/login"
    assert 'value="bob@example.com"' in await (await client.get("/login")).get_data(as_text=True)
    await client.post("/login", form=BOB)
    assert await is_logged_in(client)
    assert await count(mailing, SignUp) == 0


async def test_its_link_lasts_a_day_to_the_second(client: Client, inbox: Inbox, time: Clock) -> None:
    await sign_up(client)
    link = inbox.link(BOB["email"], "/confirm")
    time.advance(timedelta(hours=24, seconds=-1))
    assert (await client.get(link)).status_code == 200
    time.advance(timedelta(seconds=1))
    assert (await client.get(link)).status_code == 410


async def test_a_sign_up_that_is_confirmed_uses_up_its_own_links_and_no_others(
    mailing: Quart, client: Client, inbox: Inbox
) -> None:
    await sign_up(mailing.test_client(), EVE)
    await sign_up(client)
    mine, theirs = (inbox.link(who["email"], "/confirm") for who in (BOB, EVE))
    assert (await client.post("/confirm", form={"token": mine.partition("?")[2]})).headers["Location"] == "/login"
    assert [(await client.get(link)).status_code for link in (mine, theirs)] == [410, 200]


@pytest.mark.asvs("6.6.2")
async def test_a_sign_up_is_an_account_once_its_code_is_typed(client: Client, inbox: Inbox) -> None:
    await sign_up(client)
    code = inbox.code(BOB["email"])
    typed = f" {code[:3].lower()}-{code[3:]} "
    assert (await client.post("/signup/code", form={"code": typed})).headers["Location"] == "/login"
    await client.post("/login", form=BOB)
    assert await is_logged_in(client)


@pytest.mark.parametrize(
    ("changed", "kept"), [({}, 1), ({"name": "Rob"}, 2), ({"password": "another harbour kettle 7"}, 2)], ids=str
)
@pytest.mark.parametrize("is_opened", [True, False])
async def test_a_form_that_is_sent_twice_is_one_sign_up_opened_or_not(
    mailing: Quart, client: Client, inbox: Inbox, changed: dict[str, str], kept: int, is_opened: bool
) -> None:
    if is_opened:
        await client.get("/signup")
    there = elsewhere()
    for form in (BOB, BOB | changed):
        assert (await client.post("/signup", form=form, **there)).headers["Location"] == "/signup/check-mail"
    assert await count(mailing, SignUp) == kept
    await client.post("/signup/code", form={"code": inbox.code(BOB["email"])})
    assert await count(mailing, User) == (kept == 1), "the mailed code is the first one's"


@pytest.mark.asvs("6.3.8")
@pytest.mark.parametrize("opens_the_form", [True, False])
async def test_a_stranger_who_guesses_the_password_of_a_sign_up_learns_nothing(
    mailing: Quart, client: Client, opens_the_form: bool
) -> None:
    stranger, there = mailing.test_client(), elsewhere()
    await client.get("/signup")
    await client.post("/signup", form=BOB, **there)
    if opens_the_form:
        await stranger.get("/signup")
    for _ in range(2):
        await stranger.post("/signup", form=BOB, **there)  # at the same IP address, in the same kind of browser
    assert await count(mailing, SignUp) == 3, "each has its own number"


@pytest.mark.asvs("6.6.2")
async def test_a_code_counts_in_the_browser_that_signed_up_alone(mailing: Quart, client: Client, inbox: Inbox) -> None:
    await sign_up(client)
    other = mailing.test_client()
    await sign_up(other, EVE)
    await other.post("/signup/code", form={"code": inbox.code(BOB["email"])})
    await mailing.test_client().post("/signup/code", form={"code": inbox.code(BOB["email"])})
    assert await count(mailing, User) == 0


@pytest.mark.asvs("6.5.1", "6.5.5", "6.6.3")
async def test_a_code_counts_once_for_ten_minutes_and_after_few_wrong_ones(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    await sign_up(client)
    time.advance(mailed_codes.LASTS)
    await client.post("/signup/code", form={"code": inbox.code(BOB["email"])})
    await sign_up(client)
    for _ in range(mailed_codes.MAX_TRIES):
        await client.post("/signup/code", form={"code": "AAAAAA"})
    await client.post("/signup/code", form={"code": inbox.code(BOB["email"])})
    assert await count(mailing, User) == 0
    assert "not the newest code" in await notice(client, "/signup/check-mail")
    time.advance(LATER)
    await sign_up(client)
    for _ in range(2):
        await client.post("/signup/code", form={"code": inbox.code(BOB["email"])})
    assert await count(mailing, User) == 1


@pytest.mark.asvs("6.5.2")
async def test_neither_codes_nor_tokens_are_stored(mailing: Quart, client: Client, inbox: Inbox) -> None:
    await sign_up(client)
    async with services_of(mailing).database.reading() as db:
        row, token = (await db.scalars(select(SignUp))).one(), (await db.scalars(select(MailToken))).one()
    assert str(row.code).startswith("$bcrypt-sha256$")
    assert token.token_hash not in inbox.link(BOB["email"])
    assert inbox.link(BOB["email"]).partition("?")[2] not in vars(token).values()


@pytest.mark.asvs("6.3.8")
async def test_the_answer_is_the_same_for_a_taken_address(mailing: Quart, inbox: Inbox, time: Clock) -> None:
    """Bytes, cookies and statements; the sender, which comes after the answer, is held back."""
    await confirmed(mailing, inbox)
    time.advance(LATER)
    answers = []
    for email in ("eve@example.com", "bob@example.com"):
        client = mailing.test_client()
        with mail_held_back(mailing), counting(services_of(mailing).database) as costs:
            response = await client.post("/signup", form=BOB | {"email": email}, **elsewhere())
            page = await client.get(response.headers["Location"])
        seen = [f"{name}: {value}" for each in (response, page) for name, value in each.headers.items()]
        seen += [await each.get_data(as_text=True) for each in (response, page)]
        random = r"(?i)(x-request-id: \w+|sign-up=[^;]*|flash=[^;]*|expires=[^;]*|content-length: \d+)"
        answers.append((re.sub(random, "", "\n".join(seen)).replace(email, ""), costs.statements, costs.transactions))
    assert answers[0] == answers[1]


async def confirmed(app: Quart, inbox: Inbox, who: dict[str, str] = BOB) -> None:
    """Sign up and answer the mail."""
    client = app.test_client()
    await sign_up(client, who)
    await client.post("/signup/code", form={"code": inbox.code(who["email"])})


async def with_bob(app: Quart, inbox: Inbox, time: Clock) -> Quart:
    """Return the application once Bob has an account, and enough later for the next mail to him."""
    await confirmed(app, inbox)
    time.advance(LATER)
    return app


async def test_the_owner_of_a_taken_address_is_told_and_nothing_changes(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    await confirmed(mailing, inbox)
    time.advance(LATER)
    await sign_up(client, EVE | {"email": "BOB@example.com"})
    mail = inbox.mails[-1]
    assert "already have an account" in mail["Subject"]
    assert links_in(text_of(mail)) == ["/login", "/forgot-password"]
    await client.post("/login", form=BOB)
    assert await is_logged_in(client)


async def test_nothing_that_was_typed_stands_in_the_mail(client: Client, inbox: Inbox) -> None:
    await client.post("/signup", form=BOB | {"name": "Win at http://evil"}, headers={"User-Agent": "evil agent"})
    assert "evil" not in inbox.last(BOB["email"]).as_string()


@pytest.mark.parametrize("name", ["evil.example", "evil.example:8000"])
async def test_what_names_another_host_is_refused_and_mails_nothing(make_app: MakeApp, inbox: Inbox, name: str) -> None:
    client = make_app(MAIL_URL=inbox.url, PUBLIC_URL="http://example.com").test_client()
    response = await client.post("/signup", form=BOB, headers={"Host": name, "Origin": "http://example.com"})
    assert response.status_code == 400
    assert inbox.to(BOB["email"]) == []


@pytest.mark.parametrize("name", ["example.com", "localhost:8000", "127.0.0.1"])
async def test_links_are_made_of_the_public_address_whatever_the_host_header_says(
    make_app: MakeApp, inbox: Inbox, name: str
) -> None:
    client = make_app(MAIL_URL=inbox.url, PUBLIC_URL="http://example.com").test_client()
    await client.post("/signup", form=BOB, headers={"Host": name, "Origin": "http://example.com"})
    assert re.findall(r"^(https?://[^/]+)/", text_of(inbox.last(BOB["email"])), re.M) == ["http://example.com"]


async def test_another_browser_needs_the_password_that_was_chosen(mailing: Quart, client: Client, inbox: Inbox) -> None:
    await sign_up(client)
    token = inbox.link(BOB["email"]).partition("?")[2]
    phone = mailing.test_client()
    assert "another browser" in await text(await phone.get(f"/confirm?{token}"))
    response = await phone.post("/confirm", form={"token": token, "password": EVE["password"]})
    assert response.headers["Location"] == f"/confirm?{token}"
    assert "not the password" in await notice(phone, f"/confirm?{token}")
    await phone.post("/confirm", form={"token": token, "password": BOB["password"]})
    assert await count(mailing, User) == 1


async def test_a_used_link_says_so_and_an_old_or_mangled_one_too(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    await sign_up(client)
    link = inbox.link(BOB["email"])
    await client.post("/confirm", form={"token": link.partition("?")[2]})
    again = await client.get(link)
    assert (again.status_code, "has been used" in await text(again)) == (410, True)
    await sign_up(client, EVE)
    mangled = await client.get(inbox.link(EVE["email"])[:-1])
    assert (mangled.status_code, "no longer valid" in await text(mangled)) == (410, True)
    time.advance(sign_ups.LASTS)
    assert (await client.get(inbox.link(EVE["email"]))).status_code == 410


async def test_who_logs_in_before_answering_the_mail_is_sent_to_the_code(
    mailing: Quart, client: Client, inbox: Inbox
) -> None:
    await sign_up(client)
    phone = mailing.test_client()
    assert (await phone.post("/login", form=BOB)).headers["Location"] == "/signup/check-mail"
    assert not await is_logged_in(phone)
    await phone.post("/signup/code", form={"code": inbox.code(BOB["email"])})
    await phone.post("/login", form=BOB)
    assert await is_logged_in(phone)


async def test_the_password_of_a_sign_up_says_nothing_at_another_address(mailing: Quart, client: Client) -> None:
    for email in ("ann@example.com", "zoe@example.com"):
        await sign_up(client, BOB | {"email": email})
    assert (await client.post("/login", form=BOB)).headers["Location"] == "/login"
    assert await notice(client, "/login") == WRONG_DETAILS


async def test_addresses_with_a_plus_are_two_accounts(mailing: Quart, inbox: Inbox) -> None:
    await confirmed(mailing, inbox)
    await confirmed(mailing, inbox, BOB | {"email": "bob+x@example.com"})
    assert await count(mailing, User) == 2


async def test_an_address_gets_one_mail_a_minute_and_earlier_links_still_work(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    await sign_up(client)
    first = inbox.link(BOB["email"])
    await sign_up(mailing.test_client(), EVE | {"email": "Bob@Example.com"})
    assert len(inbox.mails) == 1
    time.advance(LATER)
    await sign_up(mailing.test_client(), EVE | {"email": BOB["email"]})
    assert len(inbox.mails) == 2
    await client.post("/confirm", form={"token": first.partition("?")[2]})
    await client.post("/login", form=BOB)
    assert await is_logged_in(client)


@pytest.mark.asvs("2.4.1")
async def test_a_network_gets_only_so_many_mails_sent(mailing: Quart) -> None:
    client = mailing.test_client()
    answers = [
        (await client.post("/signup", form=BOB | {"email": f"bob{n}@example.com"})).status_code for n in range(21)
    ]
    assert answers == [302] * 20 + [429]


@pytest.mark.asvs("15.4.2")
async def test_two_sign_ups_of_one_address_confirmed_at_once_make_one_account(
    mailing: Quart, inbox: Inbox, time: Clock
) -> None:
    browsers = [mailing.test_client() for _ in range(2)]
    tokens = []
    for browser, who in zip(browsers, (BOB, EVE | {"email": BOB["email"]}), strict=True):
        await sign_up(browser, who)
        tokens.append(inbox.link(BOB["email"]).partition("?")[2])
        time.advance(LATER)
    forms = [browsers[n % 2].post("/confirm", form={"token": tokens[n % 2]}) for n in range(50)]
    answers = await asyncio.gather(*forms)
    assert {answer.status_code for answer in answers} == {302}
    assert await count(mailing, User) == 1


# The five classes of account pre-hijacking (Sudhodanan and Paverd, USENIX Security 2022).


async def test_pre_hijacking_classic_federated_merge_there_is_nothing_to_merge_with(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    """The attacker's sign-up with the owner's address leaves nothing that a later account could be merged with."""
    await sign_up(client, EVE | {"email": BOB["email"]})
    time.advance(LATER)
    await confirmed(mailing, inbox)
    await client.post("/login", form={"email": BOB["email"], "password": EVE["password"]})
    assert not await is_logged_in(client)
    assert (await count(mailing, User), await count(mailing, SignUp)) == (1, 0)


async def test_pre_hijacking_unexpired_session_a_sign_up_has_no_session(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    await sign_up(client, EVE | {"email": BOB["email"]})
    await client.post("/login", form={"email": BOB["email"], "password": EVE["password"]})
    time.advance(LATER)
    await confirmed(mailing, inbox)
    assert not await is_logged_in(client)


async def test_pre_hijacking_trojan_identifier_the_attackers_link_dies_with_the_owners_confirmation(
    mailing: Quart, client: Client, inbox: Inbox, time: Clock
) -> None:
    await sign_up(client, EVE | {"email": BOB["email"]})
    attackers = inbox.link(BOB["email"])
    time.advance(LATER)
    await confirmed(mailing, inbox)
    await client.post("/confirm", form={"token": attackers.partition("?")[2], "password": EVE["password"]})
    await client.post("/login", form={"email": BOB["email"], "password": EVE["password"]})
    assert not await is_logged_in(client)
    await client.post("/login", form=BOB)
    assert await is_logged_in(client)


async def test_pre_hijacking_unexpired_e_mail_change_a_link_is_bound_to_its_own_address(
    mailing: Quart, client: Client, inbox: Inbox
) -> None:
    """A link that the attacker gets at an address of theirs makes an account of that address alone."""
    await sign_up(client, EVE)
    await client.post("/confirm", form={"token": inbox.link(EVE["email"]).partition("?")[2]})
    async with services_of(mailing).database.reading() as db:
        assert (await db.scalars(select(User.email))).all() == [EVE["email"]]


async def test_pre_hijacking_non_verifying_provider_an_address_is_believed_by_its_mail_only(
    mailing: Quart, client: Client, inbox: Inbox
) -> None:
    await sign_up(client, EVE | {"email": BOB["email"]})
    await client.post("/signup/code", form={"code": "AAAAAA"})
    owner = mailing.test_client()
    link = inbox.link(BOB["email"])
    await owner.get(link)
    await owner.post("/confirm", form={"token": link.partition("?")[2]})
    assert await count(mailing, User) == 0, "who reads the mail did not sign up, who signed up does not read it"


async def test_with_mail_off_there_is_no_page_about_mail(make_app: MakeApp, inbox: Inbox) -> None:
    client = make_app().test_client()
    for path in ("/forgot-password", "/reset-password", "/confirm", "/signup/check-mail"):
        assert (await client.get(path)).status_code == 404
    assert "orgot" not in await text(await client.get("/login"))
    assert (await client.post("/signup", form=BOB)).headers["Location"] == "/login"
    assert "Email address already exists" in await text(await client.post("/signup", form=BOB, follow_redirects=True))
    assert not inbox.folder.exists()
