"""Two accounts in two tabs of one browser: a page of the first does nothing to the second, who is logged in now."""

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import select, update

from quart_auth_app import sudo_required
from quart_auth_app.accounts import sudo
from quart_auth_app.models import Base, User
from tests.authenticators import add_passkey
from tests.conftest import MakeApp, services_of
from tests.inbox import Inbox
from tests.people import BOB, EVE, Client, Clock, elsewhere, text
from tests.providers.fake import Fake, serving
from tests.second_steps import turn_on
from tests.web.test_access_keys import make_key
from tests.web.test_account import log_in
from tests.web.test_providers import settings
from tests.web.test_sign_up_by_mail import LATER, confirmed

PAGES = [
    "/account",
    "/account/sessions",
    "/account/access-keys",
    "/account/passkeys",
    "/account/second-step",
    "/admin/users/1",
    "/admin/add",
    "/admin/mail",
    "/admin/doctor",
]
ANYBODYS = {"/logout", "/login", "/language"}
"""Forms of the navigation and below each page: they are about the browser."""

COUNTS = {"attempts", "daily_count"}
"""Tables of what was counted: refusals are, too."""

Forms = dict[str, dict[str, str]]


@pytest.fixture
async def app(make_app: MakeApp, inbox: Inbox, time: Clock) -> AsyncIterator[Quart]:
    """A site with everything on, a route of its own, and the accounts of Bob and Eve, who both are admins."""
    async with serving(Fake()) as fake:
        app = make_app(MAIL_URL=inbox.url, MAILED_LOGIN="yes", ADMIN_SECOND_STEP="optional", **settings(fake))

        @app.post("/gifts")
        @sudo_required("Give it away")
        async def give() -> str:
            return "given"

        for person in (BOB, EVE):
            await confirmed(app, inbox, person)
            time.advance(LATER)
        async with services_of(app).database.transaction() as db:
            await db.execute(update(User).values(roles=["admin"]))
        yield app


async def forms_on(client: Client, path: str) -> Forms:
    """Return the fields of each form that a page has, by its action."""
    page = await (await client.get(path)).get_data(as_text=True)
    found: Forms = {}
    for action, inside in re.findall(r'<form[^>]* method="post" action="([^"]*)"[^>]*>(.*?)</form>', page, re.DOTALL):
        fields = re.findall(r'name="([^"]*)"(?: value="([^"]*)")?', inside)
        found[html.unescape(action)] = {name: html.unescape(value) for name, value in fields}
    return found


async def rows(app: Quart) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of all tables."""
    async with services_of(app).database.reading() as db:
        tables = [each for each in Base.metadata.sorted_tables if each.name not in COUNTS]
        return {table.name: [tuple(row) for row in await db.execute(select(table))] for table in tables}


async def change_to_eve(browser: Client) -> None:
    """What the other tab does."""
    await browser.post("/logout", **elsewhere())
    await browser.post("/login", form={"email": EVE["email"], "password": EVE["password"]}, **elsewhere())


async def test_no_form_of_anothers_page_does_anything(app: Quart) -> None:
    browser = await log_in(app, BOB)
    await add_passkey(browser, name="phone")
    await make_key(browser, "backup")
    await log_in(app, BOB)
    await browser.post("/account/email", form={"email": "bob@new.example"})
    forms = [each for path in PAGES for each in (await forms_on(browser, path)).items()]
    await turn_on(app)
    forms += (await forms_on(browser, "/account/second-step")).items()
    forms = [(action, fields) for action, fields in forms if action not in ANYBODYS or "made_for" in fields]
    assert len({action for action, _ in forms}) >= 25
    await change_to_eve(browser)
    before = await rows(app)
    for action, fields in forms:
        response = await browser.post(action, form=fields, **elsewhere())
        assert response.status_code == 409, action
        assert f"you are logged in as {EVE['email']} now" in await text(response)
    assert await rows(app) == before


@pytest.mark.parametrize("path", ["/account/delete", "/gifts"])
async def test_the_page_that_asks_for_a_proof_acts_only_for_whom_it_asked(app: Quart, time: Clock, path: str) -> None:
    browser = await log_in(app, BOB)
    time.advance(sudo.LASTS + timedelta(seconds=1))
    page = await browser.post(path)
    assert page.status_code == 403
    (fields,) = re.findall(r'name="(made_for)" value="(\d+)"', await page.get_data(as_text=True))[:1]
    await change_to_eve(browser)
    answer = {"sudo_password": BOB["password"], fields[0]: fields[1]}
    assert (await browser.post(path, form=answer, **elsewhere())).status_code == 409


async def test_a_form_of_ones_own_older_session_works(app: Quart) -> None:
    browser = await log_in(app, BOB)
    fields = (await forms_on(browser, "/account"))["/account/name"] | {"name": "Robert"}
    await browser.post("/logout")
    await browser.post("/login", form={"email": BOB["email"], "password": BOB["password"]}, **elsewhere())
    await browser.post("/account/name", form=fields)
    assert "Robert" in await text(await browser.get("/profile"))


async def test_a_program_is_told_in_json(app: Quart) -> None:
    browser = await log_in(app, BOB)
    response = await browser.post("/account/name", json={"name": "x", "made_for": "77"})
    assert (response.status_code, (await response.get_json())["code"]) == (409, "MadeForAnother")
