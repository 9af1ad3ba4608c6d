"""The journeys that lead through a mailbox, in Chromium, on a screen of a desk and on one of a phone."""

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from quart_auth_app.web.sentences.outcomes import SIGNED_UP
from tests.browser.steps import BROWSER_TEST, a_while_passes, fill_in, fits, heading, visit
from tests.inbox import Inbox, text_of
from tests.people import BOB, WRONG_DETAILS
from tests.servers import served

pytestmark = BROWSER_TEST

NEW_PASSWORD = "quiet marble canoe 93"  # Bob's next one
WIDTHS = [1280, 320]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the running site keeps its database."""
    return tmp_path_factory.mktemp("mailing")


@pytest.fixture(scope="module")
def inbox(folder: Path) -> Inbox:
    """Everybody's mail."""
    return Inbox(folder / "inbox")


@pytest.fixture(scope="module")
def site(folder: Path, inbox: Inbox) -> Iterator[str]:
    """The address of a running site that sends mail."""
    with served(folder, PROXY_HOPS="1", MAIL_URL=inbox.url) as address:
        yield address
    log = (folder / "server.log").read_text()
    tokens = [token for mail in inbox.mails for token in re.findall(r"\?([a-z2-7]{52})\b", text_of(mail))]
    assert tokens
    assert [token for token in tokens if token in log] == [], "a token is in the log of a whole journey"


@pytest_asyncio.fixture(loop_scope="session")
async def phone(browser: Browser, site: str) -> AsyncIterator[Page]:
    """A tab of another browser, which has never been here."""
    context = await visit(browser, site, viewport={"width": 320, "height": 640})
    yield await context.new_page()
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def somebody(browser: Browser, site: str, folder: Path, inbox: Inbox) -> dict[str, str]:
    """A person of this test's own who has an account, for longer than any limit on mails looks back."""
    context = await visit(browser, site)
    page, person = await context.new_page(), new_person()
    await fill_in(page, "/signup", person)
    await mailed(inbox, person["email"], "confirm your address")
    await fill_in(page, "/signup/check-mail", {"code": inbox.code(person["email"])})
    await heading(page, "Login")
    await context.close()
    with closing(sqlite3.connect(folder / "instance" / "db.sqlite", isolation_level=None)) as database:
        database.execute("DELETE FROM attempts")
    return {"email": person["email"], "password": person["password"]}


def new_person() -> dict[str, str]:
    """Return what somebody types who signs up."""
    return BOB | {"email": f"{uuid4().hex[:12]}@example.com"}


async def mailed(inbox: Inbox, address: str, subject: str) -> None:
    """Wait until the newest mail to an address is about this."""
    async with asyncio.timeout(60):
        while not (mails := inbox.to(address)) or subject not in mails[-1]["Subject"]:  # noqa: ASYNC110  # no signal
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("width", WIDTHS)
async def test_sign_up_by_the_code_that_was_mailed(page: Page, inbox: Inbox, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 640})
    person = new_person()
    await fill_in(page, "/signup", person)
    await heading(page, "Check your mail")
    await expect(page.get_by_label("Code")).to_be_focused()
    await fits(page)
    await fill_in(page, "/signup/check-mail", {"code": "AAAAAA"})
    await expect(page.get_by_role("alert")).to_contain_text("not the newest code")
    await fits(page)
    await mailed(inbox, person["email"], "confirm your address")
    await page.get_by_label("Code").fill(inbox.code(person["email"]).lower())
    await page.get_by_role("button", name="Confirm").dblclick()
    await expect(page.get_by_role("status")).to_have_text(SIGNED_UP)
    await fill_in(page, "/login", {"password": person["password"]})
    await heading(page, "Welcome, Bob!")


async def test_sign_up_at_a_desk_and_follow_the_link_on_a_phone(page: Page, phone: Page, inbox: Inbox) -> None:
    person = new_person()
    await fill_in(page, "/signup", person)
    await mailed(inbox, person["email"], "confirm your address")
    link = inbox.link(person["email"], "/confirm")
    await phone.goto(link)
    await heading(phone, "Confirm your address")
    await fits(phone)
    await phone.get_by_label("Password").fill("not what was chosen")
    await phone.locator("main form button").first.click()
    await expect(phone.get_by_role("alert")).to_contain_text("not the password")
    await phone.get_by_label("Password").fill(person["password"])
    await phone.locator("main form button").first.dblclick()
    await heading(phone, "Login")
    await phone.goto(link)
    await heading(phone, "This link is over")
    await fits(phone)
    await fill_in(page, "/login", {"email": person["email"], "password": person["password"]})
    await heading(page, "Welcome, Bob!")


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_forgotten_password_is_chosen_anew(
    page: Page, phone: Page, inbox: Inbox, somebody: dict[str, str], width: int
) -> None:
    await page.set_viewport_size({"width": width, "height": 640})
    await fill_in(phone, "/login", somebody)
    await heading(phone, "Welcome, Bob!")
    await page.goto("/login")
    await page.get_by_role("link", name="Forgot password?").click()
    await heading(page, "Forgot password")
    await fits(page)
    await fill_in(page, "/forgot-password", {"email": somebody["email"]})
    await heading(page, "Check your mail")
    await fits(page)
    await mailed(inbox, somebody["email"], "choose a new password")
    link = inbox.link(somebody["email"], "/reset-password")
    await page.goto(link)
    await heading(page, "Choose a new password")
    await fits(page)
    await page.get_by_label("New password").fill("password1")
    await page.locator("main form button").first.click()
    await expect(page.get_by_role("alert")).to_contain_text("too easy to guess")
    await fits(page)
    await page.get_by_label("New password").fill(NEW_PASSWORD)
    await page.locator("main form button").first.click()
    await heading(page, "Login")
    await expect(page.get_by_role("status")).to_contain_text("Your password has been changed")
    await phone.goto("/profile")
    await heading(phone, "Login")
    await fill_in(page, "/login", {"password": somebody["password"]})
    await expect(page.get_by_role("alert")).to_have_text(WRONG_DETAILS)
    await fill_in(page, "/login", {"email": somebody["email"], "password": NEW_PASSWORD})
    await heading(page, "Welcome, Bob!")
    await page.goto("/account/activity")
    await expect(page.get_by_text("A link for a new password was asked for")).to_be_visible()
    await page.goto(link)
    await heading(page, "This link is over")


@pytest.mark.parametrize("width", WIDTHS)
async def test_the_address_is_changed_and_taken_back_from_the_old_mailbox(
    page: Page, phone: Page, folder: Path, inbox: Inbox, somebody: dict[str, str], width: int
) -> None:
    await page.set_viewport_size({"width": width, "height": 640})
    new = f"{uuid4().hex[:12]}@new.example"
    await fill_in(page, "/login", somebody)
    await heading(page, "Welcome, Bob!")
    a_while_passes(folder, somebody)
    await page.goto("/account")
    await page.get_by_label("New email").fill(new)
    await page.get_by_role("button", name="Change email").click()
    await heading(page, f"Change your address to {new}")
    await fits(page)
    await page.get_by_label("Password").fill(somebody["password"])
    await page.locator("main form button").first.click()
    await expect(page.locator("#address")).to_contain_text(f"We have sent a mail to {new}")
    await fits(page)
    await mailed(inbox, somebody["email"], "another address was asked for")
    await mailed(inbox, new, "confirm your new address")
    await page.goto(inbox.link(new, "/account/email/confirm"))
    await heading(page, "Confirm your new address")
    await fits(page)
    await page.locator("main form button").first.click()
    await expect(page.locator("#address").get_by_role("status")).to_contain_text("Your address is changed.")
    await mailed(inbox, somebody["email"], "your address was changed")
    await page.goto("/account")
    await expect(page.locator("#address")).to_contain_text("can undo the last change until")
    await phone.goto(inbox.link(somebody["email"], "/undo-email-change"))
    await heading(phone, "Get your account back")
    await fits(phone)
    await phone.get_by_label("New password").fill(NEW_PASSWORD)
    await phone.locator("main form button").first.click()
    await expect(phone.get_by_role("status")).to_contain_text("You have your account back")
    await page.goto("/account")
    await heading(page, "Login")
    await fill_in(phone, "/login", {"password": NEW_PASSWORD})
    await heading(phone, "Welcome, Bob!")
    await phone.goto("/account")
    await expect(phone.locator("#address .address")).to_have_text(somebody["email"])


async def test_two_tabs_ask_for_the_password_for_an_act_each_and_carry_out_their_own(
    context: BrowserContext, page: Page, folder: Path, inbox: Inbox, somebody: dict[str, str]
) -> None:
    new = f"{uuid4().hex[:12]}@new.example"
    await fill_in(page, "/login", somebody)
    await heading(page, "Welcome, Bob!")
    a_while_passes(folder, somebody)
    other = await context.new_page()
    for tab in (page, other):
        await tab.goto("/account")
    await page.get_by_label("New email").fill(new)
    await page.get_by_role("button", name="Change email").click()
    await heading(page, f"Change your address to {new}")
    await other.get_by_role("button", name="Download your data").click()
    await heading(other, "Download your data")
    await other.get_by_label("Password").fill(somebody["password"])
    async with other.expect_download() as downloading:
        await other.locator("main form button").first.click()
    told = json.loads((await (await downloading.value).path()).read_text())
    assert (told["account"]["email"], told["email_change"]) == (somebody["email"], [])
    await page.get_by_label("Password").fill(somebody["password"])
    await page.locator("main form button").first.dblclick()
    await expect(page.locator("#address")).to_contain_text(f"We have sent a mail to {new}")
    await mailed(inbox, new, "confirm your new address")
    await page.get_by_label("Code").fill(inbox.code(new))
    await page.get_by_role("button", name="Confirm the new address").click()
    await expect(page.locator("#address .address")).to_have_text(new)
    await other.goto("/profile")
    await heading(other, "Welcome, Bob!")


@pytest.mark.parametrize("width", WIDTHS)
async def test_an_account_is_to_be_deleted_and_kept_by_the_link_of_the_mail_about_it(
    page: Page, inbox: Inbox, somebody: dict[str, str], width: int
) -> None:
    await page.set_viewport_size({"width": width, "height": 640})
    await fill_in(page, "/login", somebody)
    await heading(page, "Welcome, Bob!")
    await page.goto("/account")
    await page.get_by_role("button", name="Delete your account").click()
    await expect(page.get_by_role("status")).to_contain_text("Your account will be deleted on")
    await fits(page)
    await mailed(inbox, somebody["email"], "your account will be deleted")
    await page.goto(inbox.link(somebody["email"]))
    await fill_in(page, "/login", somebody)
    await heading(page, "Your account")
    await fits(page)
    await page.get_by_role("button", name="Keep my account").click()
    await expect(page.get_by_role("status")).to_have_text("Your account is kept.")
    await expect(page.get_by_role("button", name="Delete your account")).to_be_visible()


async def test_the_account_page_works_without_javascript(browser: Browser, site: str, somebody: dict[str, str]) -> None:
    context = await visit(browser, site, java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = await context.new_page()
    await fill_in(page, "/login", somebody)
    await heading(page, "Welcome, Bob!")
    await page.get_by_role("link", name="Your account").click()
    await page.get_by_role("textbox", name="Name").fill("Robert")
    await page.get_by_role("button", name="Change name").click()
    await expect(page.locator("#name").get_by_role("status")).to_be_visible()
    await page.get_by_label("New email").fill(f"{uuid4().hex[:12]}@new.example")
    await page.get_by_role("button", name="Change email").click()
    await page.get_by_role("button", name="Cancel the change").click()
    await expect(page.locator("#address").get_by_role("status")).to_be_visible()
    await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_mails_html_can_be_read_by_everybody_by_day_and_by_night(
    browser: Browser, inbox: Inbox, somebody: dict[str, str], scheme: Literal["light", "dark"]
) -> None:
    context = await browser.new_context(color_scheme=scheme, viewport={"width": 320, "height": 640})
    requested: list[str] = []
    context.on("request", lambda request: requested.append(request.url))
    page = await context.new_page()
    await page.set_content(text_of(inbox.to(somebody["email"])[0], "html"))
    # The other rules are about pages, which have landmarks. The colours are the browser's own, and axe takes the
    # background for white even by night.
    await fits(page, runOnly=["wcag2a", "wcag2aa"], rules={"color-contrast": {"enabled": False}})
    ink = await page.evaluate("getComputedStyle(document.body).color")
    assert ink == {"light": "rgb(0, 0, 0)", "dark": "rgb(255, 255, 255)"}[scheme]
    assert requested == []
    await context.close()
