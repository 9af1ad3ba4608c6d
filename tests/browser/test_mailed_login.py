"""Log-in by mail in Chromium: by the code in the browser that asked, clicked twice, and by the link in another one."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.steps import BROWSER_TEST, fill_in, heading, visit
from tests.inbox import Inbox
from tests.people import BOB, EVE
from tests.servers import served

pytestmark = BROWSER_TEST

PATIENCE = 90
"""Seconds in which a mail has to come."""


@dataclass
class Mailing:
    """A running site where people log in by mail, and what it has sent."""

    address: str
    inbox: Inbox

    async def mail(self, email: str) -> None:
        """Wait until there is a mail to this address."""
        end = time.monotonic() + PATIENCE
        while not self.inbox.to(email):
            assert time.monotonic() < end, "no mail has come"
            await asyncio.sleep(0.1)


@pytest_asyncio.fixture(loop_scope="session")
async def mailing(browser: Browser, tmp_path: Path) -> AsyncIterator[Mailing]:
    """Bob and Eve have signed up before mail was on: otherwise each would have to wait a minute for the next mail."""
    with served(tmp_path, PROXY_HOPS="1") as address:
        for person in (BOB, EVE):
            context = await visit(browser, address)
            await fill_in(await context.new_page(), "/signup", person)
            await context.close()
    inbox = Inbox(tmp_path / "mails")
    with served(tmp_path, PROXY_HOPS="1", MAIL_URL=inbox.url, MAILED_LOGIN="yes") as address:
        yield Mailing(address, inbox)


async def ask(page: Page, email: str) -> None:
    """Ask for a mail on the log-in page."""
    await page.goto("/login")
    await page.get_by_label("Email", exact=True).fill(email)
    await page.get_by_role("button", name="Log in by mail").click()
    await heading(page, "Check your mail")


async def test_a_code_logs_in_the_browser_that_asked_and_a_link_another_one(browser: Browser, mailing: Mailing) -> None:
    context = await visit(browser, mailing.address)
    page = await context.new_page()
    await ask(page, BOB["email"])
    await mailing.mail(BOB["email"])
    await page.get_by_label("Code", exact=True).fill(mailing.inbox.code(BOB["email"]).lower())
    await page.get_by_role("button", name="Login").dblclick()
    await heading(page, "Welcome, Bob!")
    await context.close()

    context, phone = await visit(browser, mailing.address), await visit(browser, mailing.address)
    page = await context.new_page()
    await ask(page, EVE["email"])
    await mailing.mail(EVE["email"])
    opened = await phone.new_page()
    await opened.goto(mailing.inbox.link(EVE["email"], "/login/link"))
    await heading(opened, "Log in on this device?")
    await expect(opened.get_by_text(EVE["email"])).to_be_visible()
    await opened.get_by_role("button", name="Login").dblclick()
    await heading(opened, "Welcome, Eve!")
    await page.goto("/profile")
    await heading(page, "Login")
    await context.close()
    await phone.close()
