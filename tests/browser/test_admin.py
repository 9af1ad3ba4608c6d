"""The pages of admins, in a real browser."""

import base64
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Literal
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page, expect

from quart_auth_app import clock
from quart_auth_app.accounts.factors import totp
from tests.browser.steps import BROWSER_TEST, a_while_passes, fill_in, fits, heading, visit
from tests.people import BOB

pytestmark = BROWSER_TEST

LONG = "Hubert Blaine Wolfeschlegelsteinhausenbergerdorff-Wolfeschlegelsteinhausenbergerdorffsson"


def code(key: str, *, later: int = 0) -> str:
    """Return what an app with this key shows, or shows some steps later: a code counts once."""
    return totp.code(base64.b32decode(key), totp.step_at(clock.now()) + later)


def grant(folder: Path, email: str) -> None:
    """Make the person an admin, as the command does."""
    with closing(sqlite3.connect(folder / "instance" / "db.sqlite", isolation_level=None)) as database:
        database.execute("UPDATE \"user\" SET roles = 'admin' WHERE email = ?", [email])


async def log_in_as_admin(page: Page, folder: Path, person: dict[str, str]) -> str:
    """Log in, set a second step up, and become an admin. Return the app's key."""
    await fill_in(page, "/login", person)
    await heading(page, "Welcome, Bob!")
    await page.goto("/account/second-step")
    await page.get_by_role("button", name="Set up an app").click()
    key = (await page.locator(".key code").text_content() or "").replace(" ", "")
    await page.locator("input[name=code]").fill(code(key))
    await page.get_by_role("button", name="Turn the second step on").click()
    await heading(page, "Recovery codes")
    grant(folder, person["email"])
    await page.goto("/profile")
    return key


async def test_an_admin_finds_a_person_closes_and_opens_the_account_and_adds_another(
    page: Page, browser: Browser, site: str, folder: Path, somebody: dict[str, str]
) -> None:
    eve = BOB | {"email": f"{uuid4().hex}@example.com", "name": "Eve Mallory"}
    visitor = await visit(browser, site)
    await fill_in(await visitor.new_page(), "/signup", eve)
    key = await log_in_as_admin(page, folder, somebody)
    await page.get_by_role("link", name="People").click()
    await heading(page, "People")
    await page.get_by_role("searchbox").fill(eve["email"])
    await page.get_by_role("button", name="Search").click()
    await page.get_by_role("link", name="Eve Mallory").click()
    await heading(page, "Eve Mallory")
    a_while_passes(folder, somebody)
    await page.get_by_role("button", name="Disable the account").click()
    await page.get_by_label("Password", exact=True).fill(somebody["password"])
    await page.get_by_label("Code", exact=True).fill(code(key, later=1))
    await page.locator("main form button.is-large").first.click()
    await heading(page, "Eve Mallory")
    await expect(page.get_by_role("status")).to_have_text("That is done.")
    await page.get_by_role("button", name="Enable the account again").click()
    await expect(page.get_by_role("button", name="Disable the account")).to_be_visible()
    await page.get_by_role("link", name="People").first.click()
    await page.get_by_role("link", name="Add a person").click()
    new = {"email": f"{uuid4().hex}@example.com", "name": LONG, "password": "quiet marble canoe 93"}
    await fill_in(page, "/admin/users/add", new)
    await heading(page, LONG)
    await expect(page.get_by_role("status")).to_have_text("That is done.")
    other = await visitor.new_page()
    await fill_in(other, "/login", {"email": new["email"], "password": new["password"]})
    await heading(other, f"Welcome, {LONG}!")
    await visitor.close()


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize(("scheme", "locale"), [("light", "en-GB"), ("dark", "ja-JP")])
async def test_every_page_of_admins_is_accessible_and_fits_the_screen(
    browser: Browser,
    site: str,
    folder: Path,
    somebody: dict[str, str],
    scheme: Literal["light", "dark"],
    locale: str,
    width: int,
) -> None:
    home = await visit(browser, site)
    await log_in_as_admin(await home.new_page(), folder, somebody)
    context = await visit(
        browser,
        site,
        color_scheme=scheme,
        viewport={"width": width, "height": 640},
        storage_state=await home.storage_state(),
        locale=locale,
    )
    page = await context.new_page()
    await page.goto("/admin/users/add")
    await (
        page.locator("select, button[name=language]").get_by_text("日本語" if locale == "ja-JP" else "English").click()
    )
    email = f"{'x' * 60}.{uuid4().hex[:3]}@{'sub-domain.' * 5}example.com"
    await page.locator("input[name=email]").fill(email)
    await page.locator("input[name=name]").fill(LONG)
    await page.locator("input[name=password]").fill("short1234")
    await page.locator("main form button.is-large").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await fits(page)
    await page.locator("input[name=password]").fill("quiet marble canoe 93")
    await page.locator("main form button.is-large").click()
    await heading(page, LONG)
    await fits(page)
    with closing(sqlite3.connect(folder / "instance" / "db.sqlite", isolation_level=None)) as database:
        when = "2030-01-01 00:00:00.000000"
        database.execute(
            "INSERT INTO mail (kind, to_address, params, message_id, created_at, due_at, give_up_at, failed)"
            " VALUES ('reset', ?, '{}', '<1@x>', ?, ?, ?, ?)",
            [email, when, when, when, f"550 5.1.1 <{email}>: Recipient address rejected"],
        )
    for path in ("/admin", f"/admin/users?search={email}", "/admin/users", "/admin/mail", "/admin/doctor"):
        await page.goto(path)
        await fits(page)
    await page.locator("main form button").click()
    await expect(page.locator("main li.box").first).to_be_visible()
    await fits(page)
    await context.close()
    await home.close()
