"""Every page that a mailed link leads to, with every kind of bad token: a clear page, and no effect."""

import asyncio
import re
from datetime import timedelta

import pytest
from quart import Quart, Response
from sqlalchemy import delete, select

from quart_auth_app.accounts import users
from quart_auth_app.accounts.throttling import limits
from quart_auth_app.models import MailToken, User
from tests.conftest import MakeApp, services_of
from tests.inbox import Inbox
from tests.people import BOB, EVE, Client, Clock, decoded, elsewhere, is_logged_in, text
from tests.second_steps import turn_on
from tests.web.test_account import log_in
from tests.web.test_sign_up_by_mail import LATER, confirmed, sign_up, with_bob

PASSWORD = "quiet marble canoe 93"
ROUTES = ["/confirm", "/reset-password", "/account/email/confirm", "/undo-email-change"]
BAD = [
    "none",
    "mangled",
    "long",
    "not text",
    "unknown",
    "foreign",
    "expired",
    "another's",
    "used",
    "disabled",
    "deleted",
]


@pytest.fixture
async def mailing(make_app: MakeApp, inbox: Inbox, time: Clock) -> Quart:
    """An application that sends mail, where Bob has an account."""
    return await with_bob(make_app(MAIL_URL=inbox.url), inbox, time)


def token_of(inbox: Inbox, email: str, path: str) -> str:
    """Return the token in the newest mail to an address."""
    return inbox.link(email, path).partition("?")[2]


async def good_token(app: Quart, client: Client, inbox: Inbox, path: str) -> str:
    """Have a link to this page mailed, and return its token."""
    if path == "/confirm":
        await sign_up(client, EVE)
        return token_of(inbox, EVE["email"], path)
    if path == "/reset-password":
        await client.post("/forgot-password", form={"email": BOB["email"]}, **elsewhere())
        return token_of(inbox, BOB["email"], path)
    await client.post("/account/email", form={"email": "bob@new.example"})
    token = token_of(inbox, "bob@new.example", "/account/email/confirm")
    if path == "/account/email/confirm":
        return token
    await client.post("/account/email/confirm", form={"token": token})
    return token_of(inbox, BOB["email"], path)


async def spoiled(app: Quart, client: Client, inbox: Inbox, time: Clock, path: str, how: str) -> tuple[str, Client]:
    """Return a token for the page that is no good, and a browser to try it in."""
    simple = {"none": "", "mangled": "%%%", "long": "a" * 5000, "not text": "a%00b", "unknown": "a" * 52}
    if how in simple:
        return simple[how], client
    if how == "foreign":
        other = "/reset-password" if path == "/confirm" else "/confirm"
        return await good_token(app, client, inbox, other), client
    token = await good_token(app, client, inbox, path)
    if how == "expired":
        time.advance(timedelta(days=3, seconds=1))
        client = await again(app, client, path)
    elif how == "used":
        await post(client, path, token)
    elif how == "another's":
        time.advance(LATER)
        await confirmed(app, inbox, EVE | {"email": "ann@example.com"})
        client = await log_in(app, EVE, email="ann@example.com")
    else:
        await end(app, how, time)
    return token, client


async def again(app: Quart, client: Client, path: str) -> Client:
    """Return a browser that is logged in now."""
    if await is_logged_in(client):
        return client
    client = app.test_client()
    email = "bob@new.example" if path == "/undo-email-change" else BOB["email"]
    await client.post("/login", form=BOB | {"email": email}, **elsewhere())
    return client


async def end(app: Quart, how: str, time: Clock) -> None:
    """Disable the account, or delete it; a pending sign-up can only be deleted."""
    async with services_of(app).database.transaction() as db:
        user = await db.get_one(User, 1)
        await (users.disable(db, user=user, now=time.now) if how == "disabled" else users.delete_user(db, user=user))
        await db.execute(delete(MailToken).where(MailToken.user_id.is_(None)))


async def post(client: Client, path: str, token: str) -> Response:
    """Send the page's form."""
    return await client.post(path, form={"token": token, "password": PASSWORD})


async def accounts(app: Quart) -> list[tuple[object, ...]]:
    """Return what could have changed."""
    async with services_of(app).database.reading() as db:
        rows = await db.execute(select(User.email, User.password, User.password_version, User.verified_at))
        return sorted(tuple(row) for row in rows)


@pytest.mark.parametrize("token", ["a b", "a#b", "\u00e9", "a" * 101])
async def test_what_cant_be_a_token_is_in_no_address(mailing: Quart, token: str) -> None:
    assert (await post(mailing.test_client(), "/reset-password", token)).headers["Location"] == "/reset-password?"


@pytest.mark.asvs("6.4.1", "6.5.1", "6.6.2", "16.5.1")
@pytest.mark.parametrize(
    ("path", "how"),
    # Who has one of the other links needs no account of their own.
    [(path, how) for path in ROUTES for how in BAD if how != "another's" or path == "/account/email/confirm"],
)
async def test_a_bad_token_gets_a_clear_page_and_has_no_effect(
    mailing: Quart, inbox: Inbox, time: Clock, path: str, how: str
) -> None:
    token, client = await spoiled(mailing, await log_in(mailing), inbox, time, path, how)
    before = await accounts(mailing)
    for method in (client.get, client.head):
        response = await method(f"{path}?{token}")
        logged_out = path.startswith("/account") and how in {"disabled", "deleted"}
        assert response.status_code == (302 if logged_out else 410)
        assert not logged_out or response.headers["Location"].startswith("/login")
    response = await client.post(path, form={"token": token[:100], "password": PASSWORD}, follow_redirects=True)
    said = await text(response)
    assert (response.status_code in {200, 410}, "Traceback" in said) == (True, False)
    assert any(each in said for each in ("no longer valid", "has been used", "belongs to another", "log in", "Log in"))
    assert await accounts(mailing) == before


def test_every_page_of_a_link_is_walked(mailing: Quart) -> None:
    rules = {rule.rule: rule.endpoint for rule in mailing.url_map.iter_rules() if "GET" in (rule.methods or ())}
    posts = {rule.rule for rule in mailing.url_map.iter_rules() if "POST" in (rule.methods or ())}
    of_links = {"auth.confirm", "recovery.reset_password", "email_change.confirm", "recovery.undo_email_change"}
    assert {path for path, endpoint in rules.items() if endpoint in of_links and path in posts} == set(ROUTES)


@pytest.mark.parametrize("path", ROUTES)
async def test_a_clock_that_jumps_back_spoils_no_link(mailing: Quart, inbox: Inbox, time: Clock, path: str) -> None:
    client = await log_in(mailing)
    token = await good_token(mailing, client, inbox, path)
    time.advance(-timedelta(minutes=1))
    assert (await client.get(f"{path}?{token}")).status_code == 200


@pytest.mark.asvs("6.4.3")
async def test_a_reset_clears_what_was_counted_at_the_second_step(mailing: Quart, inbox: Inbox, time: Clock) -> None:
    phone = await turn_on(mailing)
    time.advance(timedelta(minutes=1))
    for _ in range(limits.SECOND_STEP_BY_ACCOUNT.attempts):
        guesser = mailing.test_client()
        await guesser.post("/login", form=BOB, **elsewhere())
        await guesser.post("/login/second-step", form={"code": "000000"})
    client = mailing.test_client()
    token = await good_token(mailing, client, inbox, "/reset-password")
    await post(client, "/reset-password", token)
    await client.post("/login", form=BOB | {"password": PASSWORD}, **elsewhere())
    assert not await is_logged_in(client), "the second step is still asked for"
    await client.post("/login/second-step", form={"code": phone.code()})
    assert await is_logged_in(client)


DONE = {
    "/confirm": "/login",
    "/reset-password": "/login",
    "/account/email/confirm": "/account#address",
    "/undo-email-change": "/login",
}
"""Where the form of a link's page leads when it has worked."""


async def as_it_stands(client: Client, address: str) -> dict[str, str]:
    """Return what a program sends that presses the button of a link's page."""
    page = await (await client.get(address)).get_data(as_text=True)
    form = page.partition("<main")[2].partition("<form")[2].partition("</form>")[0]
    return {
        name: _attribute(each, "value")
        for each in re.findall(r"<input\b[^>]*>", form)
        if (name := _attribute(each, "name"))
    }


def _attribute(field: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', field)
    return found[1] if found else ""


@pytest.mark.asvs("6.4.1")
@pytest.mark.parametrize("path", ROUTES)
async def test_what_programs_do_that_look_at_links_burns_none(
    mailing: Quart, inbox: Inbox, time: Clock, path: str
) -> None:
    """They open it, ask for its headers, spoil it, follow where it leads, and press the button of the page."""
    client = await log_in(mailing)
    token = await good_token(mailing, client, inbox, path)
    before = await accounts(mailing)
    for _ in range(3):
        scanner = mailing.test_client()
        for address in (f"{path}?{token}", f"{path}?{token[:-1]}", f"{path}?{token}.", f"{path}?{token}="):
            await scanner.head(address, **elsewhere())
            await scanner.get(address, follow_redirects=True, **elsewhere())
            await scanner.post(path, form=await as_it_stands(scanner, address), **elsewhere())
        await scanner.post(path, form={"token": token}, **elsewhere())
        await scanner.post(f"{path}?{token}", form={}, **elsewhere())
    assert await accounts(mailing) == before
    assert (await post(client, path, token)).headers["Location"] == DONE[path]
    assert await accounts(mailing) != before


@pytest.mark.asvs("14.2.1", "14.2.3", "16.2.5")
@pytest.mark.parametrize("path", ROUTES)
async def test_a_token_leaves_the_page_for_nowhere(
    mailing: Quart, inbox: Inbox, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    """It is in no log line, no cookie, and no header but the way back to its own page, which leads to no other site."""
    client = await log_in(mailing)
    token = await good_token(mailing, client, inbox, path)
    responses = [
        await client.get(f"{path}?{token}"),
        await client.post(path, form={"token": token, "password": "password1"}),
        await client.get(f"{path}?{token}"),
        await post(client, path, token),
        await post(client, path, token),
        await client.get(f"{path}?{token}"),
    ]
    assert (responses[0].status_code, responses[-1].status_code) == (200, 410)
    for response in responses:
        assert response.status_code < 500
        assert response.headers["Referrer-Policy"] == "same-origin"
        for name, value in response.headers.items():
            assert token not in value or (name.lower(), value) == ("location", f"{path}?{token}")
        for each in response.headers.getlist("Set-Cookie"):
            assert token not in decoded(each.partition("=")[2].partition(";")[0])
        page = await response.get_data(as_text=True)
        assert set(re.findall(r'(?:href|src|action)="(?!/)([^"]*)"', page)) <= {"#main"}
    assert caplog.records
    assert token not in caplog.text
    assert token not in "".join(str(record.__dict__) for record in caplog.records)


@pytest.mark.asvs("15.4.2")
@pytest.mark.parametrize("path", ROUTES)
async def test_a_double_click_on_a_links_page_has_one_effect_and_is_no_error(
    mailing: Quart, inbox: Inbox, path: str
) -> None:
    client = await log_in(mailing)
    token = await good_token(mailing, client, inbox, path)
    before = len(inbox.mails)
    clicks = await asyncio.gather(*(post(client, path, token) for _ in range(2)))
    assert {response.status_code for response in clicks} == {302}
    done = [response.headers["Location"] for response in clicks].count(DONE[path])
    assert done == 2
    async with services_of(mailing).database.reading() as db:
        people = (await db.scalars(select(User.email))).all()
        assert max((await db.scalars(select(User.password_version))).all()) <= 1
    assert sorted(people) == sorted(set(people))
    subjects = [(str(mail["To"]), str(mail["Subject"])) for mail in inbox.mails[before:]]
    assert len(subjects) == len(set(subjects)), "nothing is told twice"
    page = await text(await client.get(clicks[0].headers["Location"], follow_redirects=True))
    assert "Traceback" not in page


@pytest.mark.asvs("15.4.2")
@pytest.mark.parametrize(
    "path", ["/signup", "/signup/code", "/forgot-password", "/account/email/code", "/account/email/cancel"]
)
async def test_a_double_click_on_the_other_forms_about_mail_has_one_effect_and_is_no_error(
    mailing: Quart, inbox: Inbox, path: str
) -> None:
    client = await log_in(mailing)
    form: dict[str, str] = {"email": BOB["email"]}
    if path.startswith("/signup"):
        form = EVE
    if path == "/signup/code":
        await sign_up(client, EVE)
        form = {"code": inbox.code(EVE["email"])}
    if path.startswith("/account"):
        await client.post("/account/email", form={"email": "bob@new.example"})
        form = {"code": inbox.code("bob@new.example")}
    before = len(inbox.mails)
    clicks = await asyncio.gather(*(client.post(path, form=form) for _ in range(2)))
    assert {response.status_code for response in clicks} <= {200, 302}
    assert await is_logged_in(client)
    subjects = [(str(mail["To"]), str(mail["Subject"])) for mail in inbox.mails[before:]]
    assert len(subjects) == len(set(subjects)), "nothing is sent twice"
    if path == "/signup":
        await client.post(path, form=form)  # a moment later: the browser keeps what the last answer gave it
        await client.post("/signup/code", form={"code": inbox.code(EVE["email"])})
    async with services_of(mailing).database.reading() as db:
        people = set((await db.scalars(select(User.email))).all())
    assert people == {
        "bob@new.example" if path == "/account/email/code" else BOB["email"],
        *([EVE["email"]] if path.startswith("/signup") else []),
    }


def test_every_form_about_mail_is_clicked_twice(mailing: Quart) -> None:
    """Those of log-in by mail have tests of their own, and so has asking for another address."""
    posts = {rule.rule for rule in mailing.url_map.iter_rules() if "POST" in (rule.methods or ())}
    about = {path for path in posts if re.search("email|signup|confirm$|password$|undo", path)}
    others = {"/account/email", "/account/password"}
    here = {*ROUTES, "/signup", "/signup/code", "/forgot-password", "/account/email/code", "/account/email/cancel"}
    assert {path for path in about if "second-step" not in path} == here | others
