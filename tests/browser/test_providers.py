"""The journeys with an account of another site, in Chromium, at a real provider."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.steps import BROWSER_TEST, a_while_passes, fill_in, heading, visit
from tests.people import BOB
from tests.providers.certified import Certified, needs_node
from tests.servers import free_port, running

pytestmark = [*BROWSER_TEST, needs_node]


@dataclass(frozen=True)
class Sites:
    """Our site, and the provider that it knows."""

    own: str
    provider: str
    folder: Path


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    """Both, running."""
    folder, port = tmp_path_factory.mktemp("site"), free_port()
    certified = Certified(folder, f"http://localhost:{port}/login/with/certified/callback")
    with certified.running(), running(folder, {"PROXY_HOPS": "1", **certified.settings()}, port=port) as server:
        yield Sites(server.address, certified.issuer, folder)


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser, sites: Sites) -> AsyncIterator[BrowserContext]:
    """A browser that was never here. At the end, nothing may have gone elsewhere or against a page's policy."""
    requested: list[str] = []
    complaints: list[str] = []
    context = await visit(browser, sites.own)
    context.on("request", lambda request: requested.append(request.url))
    context.on("console", lambda message: complaints.append(message.text))
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield context
    await context.close()
    assert [url for url in requested if not url.startswith((sites.own, sites.provider))] == []
    assert any(url.startswith(sites.provider) for url in requested)
    assert [text for text in complaints if "Content Security Policy" in text or "Refused" in text] == []


async def continue_there(page: Page, person: str, *, is_first: bool = True) -> None:
    """Log in at the provider, and consent where that is asked."""
    await page.get_by_placeholder("Enter any login").fill(person)
    await page.get_by_placeholder("and password").fill("any")
    await page.get_by_role("button", name="Sign-in").click()
    if is_first:
        await page.get_by_role("button", name="Continue").click()


async def come(page: Page, person: str, *, path: str = "/login", is_first: bool = True) -> None:
    """Log in with the provider, where nobody is logged in yet."""
    await page.goto(path)
    await page.get_by_role("button", name="Continue with Certified").click()
    await continue_there(page, person, is_first=is_first)


async def log_out(page: Page) -> None:
    """Log out here; at the provider the person stays logged in."""
    await page.goto("/profile")
    await page.get_by_role("button", name="Logout").click()
    await expect(page.get_by_role("link", name="Login", exact=True)).to_be_visible()


def somebody() -> dict[str, str]:
    """Return the details of a person who was never here."""
    return BOB | {"email": f"{uuid4().hex}@example.com"}


async def test_the_first_sign_in_makes_an_account_and_the_second_finds_it(page: Page, sites: Sites) -> None:
    person = somebody()["email"]
    await come(page, person)
    await heading(page, "Welcome, Bob of the provider!")
    await log_out(page)
    await page.goto("/login?next=/account")
    await page.get_by_role("button", name="Continue with Certified").click()  # there the person is still logged in
    await expect(page.locator("#address .address")).to_have_text(person)
    assert accounts(sites, person) == 1


def accounts(sites: Sites, email: str) -> int:
    """Return how many accounts have the address."""
    with closing(sqlite3.connect(sites.folder / "instance" / "db.sqlite")) as database:
        found: int = database.execute('SELECT count(*) FROM "user" WHERE email = ?', [email]).fetchone()[0]
        return found


async def test_connecting_to_an_account_and_disconnecting(page: Page) -> None:
    person = somebody()
    await fill_in(page, "/signup", person)
    await fill_in(page, "/login", {"password": person["password"]})
    await heading(page, "Welcome, Bob!")
    await page.goto("/account")
    await page.get_by_role("button", name="Connect Certified").click()
    await continue_there(page, f"other {person['email']}")
    await expect(page.locator("#providers")).to_contain_text("Certified is connected: you can log in with it.")
    await log_out(page)
    await page.goto("/login")
    await page.get_by_role("button", name="Continue with Certified").click()
    await heading(page, "Welcome, Bob!")
    await page.goto("/account")
    await page.get_by_role("button", name="Disconnect Certified").click()
    await expect(page.get_by_role("button", name="Connect Certified")).to_be_visible()
    await log_out(page)
    await page.goto("/login")
    await page.get_by_role("button", name="Continue with Certified").click()
    await heading(page, "Login")
    await expect(page.get_by_role("alert")).to_contain_text("There is an account with your email address already.")
    await fill_in(page, "/login", {"email": person["email"], "password": person["password"]})
    await expect(page.locator("#providers")).to_contain_text("one click connects it")
    await page.get_by_role("button", name="Connect Certified").click()
    await expect(page.locator("#providers")).to_contain_text("Certified is connected: you can log in with it.")


async def test_the_same_address_there_takes_nobodys_account(page: Page, browser: Browser, sites: Sites) -> None:
    person = somebody()
    owner = await visit(browser, sites.own)
    await fill_in(await owner.new_page(), "/signup", person)
    await owner.close()
    await come(page, f"eve as {person['email']}")
    await heading(page, "Login")
    await expect(page.get_by_role("alert")).to_contain_text("Log in to it another way")
    await page.goto("/profile")
    await heading(page, "Login")


async def test_who_has_no_password_logs_in_there_anew_to_prove_who_they_are(page: Page, sites: Sites) -> None:
    person = somebody()
    await come(page, person["email"])
    await heading(page, "Welcome, Bob of the provider!")
    a_while_passes(sites.folder, person)
    await page.goto("/account/passkeys")
    await page.get_by_role("button", name="Continue with Certified").click()
    await continue_there(page, person["email"], is_first=False)
    await expect(page).to_have_url(f"{sites.own}/account/passkeys")
    await heading(page, "Passkeys")


async def test_attempts_in_several_tabs_at_once_end_each_where_it_began(context: BrowserContext, sites: Sites) -> None:
    person = somebody()["email"]
    tabs = [await context.new_page() for _ in range(3)]
    for number, tab in enumerate(tabs):
        await tab.goto(f"/login?next=/profile?{number}")
        await tab.get_by_role("button", name="Continue with Certified").click()
        await expect(tab.get_by_placeholder("Enter any login")).to_be_visible()
    for number in (2, 0, 1):
        await continue_there(tabs[number], person, is_first=number == 2)
        await expect(tabs[number]).to_have_url(f"{sites.own}/profile?{number}")
    assert accounts(sites, person) == 1


async def test_the_way_there_needs_no_patience_and_no_script(browser: Browser, sites: Sites, page: Page) -> None:
    await page.goto("/login")
    await page.get_by_role("button", name="Continue with Certified").click()
    await page.get_by_role("link", name="[ Cancel ]").click()
    await heading(page, "Login")
    await expect(page.get_by_role("alert")).to_be_visible()
    plain = await visit(browser, sites.own, java_script_enabled=False)
    await come(await plain.new_page(), somebody()["email"])
    await heading(plain.pages[0], "Welcome, Bob of the provider!")
    await plain.close()
