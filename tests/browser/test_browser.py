"""The journeys of a person, in Chromium, against the application under hypercorn."""

import json
import os
import re
import shutil
import sqlite3
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from threading import Thread
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from quart_auth_app.web.forms import next_page
from tests.people import BOB, EVE, PLEASE_LOG_IN, WRONG_DETAILS, addresses
from tests.servers import served
from tests.web.test_next_page import FINE, HOSTILE

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(
        not CHROMIUM and not os.environ.get("CI"),
        reason="Chromium is not installed (Debian: apt-get install chromium); under CI this is a failure",
    ),
]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the running site keeps its database."""
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="session")
def site(folder: Path) -> Iterator[str]:
    """The address of a running site."""
    # Each browser says it comes from another address, as if through a proxy, and so has limits on attempts of its own.
    with served(folder, PROXY_HOPS="1") as address:
        yield address


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A running Chromium."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser, site: str) -> AsyncIterator[BrowserContext]:
    """A browser that was never here. At the end, nothing may have gone to another host or against the page's policy."""
    requested: list[str] = []
    complaints: list[str] = []
    context = await visit(browser, site)
    context.on("request", lambda request: requested.append(request.url))
    context.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield context
    await context.close()
    assert [url for url in requested if not url.startswith(site)] == []
    assert [text for text in complaints if "Content Security Policy" in text] == []


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> Page:
    """An empty tab."""
    return await context.new_page()


@pytest_asyncio.fixture(loop_scope="session")
async def somebody(browser: Browser, site: str) -> dict[str, str]:
    """A person of this test's own who has an account."""
    person = BOB | {"email": f"{uuid4().hex}@example.com"}
    context = await visit(browser, site)
    await fill_in(await context.new_page(), "/signup", person)
    await context.close()
    return {"email": person["email"], "password": person["password"]}


async def visit(browser: Browser, site: str, **options: Any) -> BrowserContext:
    """Return a browser that was never here, at a computer of its own."""
    return await browser.new_context(base_url=site, extra_http_headers={"X-Forwarded-For": next(addresses)}, **options)


async def fill_in(page: Page, path: str, fields: dict[str, str], *, remember: bool = False) -> None:
    """Open the form, fill it in by its labels, and send it."""
    if path not in page.url:
        await page.goto(path)
    for label, value in fields.items():
        await page.get_by_label(label.capitalize(), exact=True).fill(value)
    if remember:
        await page.get_by_label("Remember me").check()
    await page.locator("main form button").click()


def a_while_passes(folder: Path, person: dict[str, str]) -> None:
    """Let the person's last proof of who they are lie an hour back."""
    with closing(sqlite3.connect(folder / "instance" / "db.sqlite", isolation_level=None)) as database:
        database.execute(
            "UPDATE session SET authenticated_at = datetime(authenticated_at, '-1 hour') || '.000000'"
            ' WHERE user_id = (SELECT id FROM "user" WHERE email = ?)',
            [person["email"]],
        )
        assert database.execute("SELECT changes()").fetchone()[0] > 0


async def heading(page: Page, text: str) -> None:
    """Wait until the page says so."""
    await expect(page.get_by_role("heading", level=1)).to_have_text(text)


@pytest.mark.asvs("14.2.3")
async def test_sign_up_log_in_see_your_name_log_out(page: Page) -> None:
    person = BOB | {"email": f"{uuid4().hex}@example.com"}
    await page.goto("/")
    await page.get_by_role("link", name="Sign Up").click()
    await fill_in(page, "/signup", person)
    await heading(page, "Login")
    await expect(page.get_by_label("Email")).to_have_value(person["email"])
    await fill_in(page, "/login", {"password": person["password"]})
    await heading(page, "Welcome, Bob!")
    await page.get_by_role("button", name="Logout").click()
    await expect(page.get_by_role("link", name="Login", exact=True)).to_be_visible()
    await page.goto("/profile")
    await expect(page.get_by_role("status")).to_have_text(PLEASE_LOG_IN)


async def test_a_wrong_password_is_said_and_the_address_kept(page: Page, somebody: dict[str, str]) -> None:
    await fill_in(page, "/login", somebody | {"password": "wrong"})
    await expect(page.get_by_role("alert")).to_have_text(WRONG_DETAILS)
    await expect(page.get_by_label("Email")).to_have_value(somebody["email"])
    await expect(page.get_by_label("Password")).to_be_focused()
    await expect(page.get_by_label("Password")).to_have_value("")


async def test_a_taken_address_links_to_the_login_page(page: Page, somebody: dict[str, str]) -> None:
    await fill_in(page, "/signup", somebody | {"name": "Bob"})
    await expect(page.get_by_role("alert")).to_have_text("Email address already exists. Go to login page.")
    await page.get_by_role("link", name="login page").click()
    await heading(page, "Login")


async def test_you_land_on_the_page_you_wanted(page: Page, site: str, somebody: dict[str, str]) -> None:
    await page.goto("/profile?x=%2F%3F")
    await fill_in(page, "/login", somebody)
    await heading(page, "Welcome, Bob!")
    assert page.url == f"{site}/profile?x=%2F%3F"


@pytest.mark.parametrize("remember", [True, False])
async def test_only_a_remembered_log_in_survives_the_browsers_restart(
    browser: Browser, context: BrowserContext, site: str, somebody: dict[str, str], remember: bool
) -> None:
    page = await context.new_page()
    await fill_in(page, "/login", somebody, remember=remember)
    await heading(page, "Welcome, Bob!")
    storage = await context.storage_state()
    # What a browser does at its end: cookies without an expiry are forgotten.
    storage["cookies"] = [each for each in storage["cookies"] if each["expires"] != -1]
    restarted = await visit(browser, site, storage_state=storage)
    page = await restarted.new_page()
    await page.goto("/profile")
    await heading(page, "Welcome, Bob!" if remember else "Login")
    await restarted.close()


async def test_log_out_by_typing_the_address(page: Page, somebody: dict[str, str]) -> None:
    await fill_in(page, "/login", somebody)
    await heading(page, "Welcome, Bob!")
    await page.goto("/logout")
    await expect(page.get_by_role("link", name="Login", exact=True)).to_be_visible()
    await page.goto("/profile")
    await heading(page, "Login")


@pytest.mark.asvs("7.4.1", "14.3.1")
async def test_back_after_log_out_shows_nothing_private(page: Page, somebody: dict[str, str]) -> None:
    await fill_in(page, "/login", somebody)
    await heading(page, "Welcome, Bob!")
    await page.get_by_role("button", name="Logout").click()
    await expect(page.get_by_role("link", name="Login", exact=True)).to_be_visible()
    await page.go_back()
    await heading(page, "Login")
    assert "Bob" not in await page.content()


@pytest.mark.asvs("3.7.1")
async def test_the_pages_work_without_javascript(browser: Browser, site: str, somebody: dict[str, str]) -> None:
    context = await visit(browser, site, java_script_enabled=False)
    page = await context.new_page()
    await fill_in(page, "/login", somebody)
    await heading(page, "Welcome, Bob!")
    await context.close()


@pytest.mark.asvs("7.5.1", "7.5.2", "7.5.3")
async def test_two_tabs_ask_for_the_password_each_and_both_go_on(
    browser: Browser, page: Page, site: str, folder: Path, somebody: dict[str, str]
) -> None:
    elsewhere = await visit(browser, site)
    await fill_in(await elsewhere.new_page(), "/login", somebody)
    await fill_in(page, "/login", somebody)
    await heading(page, "Welcome, Bob!")
    await page.get_by_role("link", name="Your account").click()
    a_while_passes(folder, somebody)
    other = await page.context.new_page()
    await other.goto("/account/sessions")
    await other.get_by_role("button", name="End all others").click()
    await heading(other, "End sessions")
    await page.get_by_role("button", name="Download your data").click()
    await heading(page, "Download your data")
    await page.get_by_label("Password").fill("wrong")
    await page.locator("main form button").click()
    await expect(page.get_by_role("alert")).to_have_text("This is not your password. Please try again.")
    await page.get_by_label("Password").fill(somebody["password"])
    async with page.expect_download() as downloading:
        await page.locator("main form button").click()
    exported = json.loads((await (await downloading.value).path()).read_text())
    assert exported["account"]["email"] == somebody["email"]
    await other.get_by_label("Password").fill(somebody["password"])
    await other.locator("main form button").dblclick()
    await expect(other.get_by_role("status")).to_have_text("All other sessions have ended.")
    await expect(other.get_by_text("This device")).to_be_visible()
    await expect(other.get_by_role("button", name="End all others")).to_have_count(0)
    await page.goto("/profile")
    await heading(page, "Welcome, Bob!")
    await elsewhere.close()


async def test_an_account_is_to_be_deleted_and_is_kept(page: Page, somebody: dict[str, str]) -> None:
    await fill_in(page, "/login", somebody)
    await heading(page, "Welcome, Bob!")
    await page.goto("/account")
    await page.get_by_role("button", name="Delete your account").click()
    await heading(page, "Login")
    await expect(page.get_by_role("status")).to_contain_text("Your account will be deleted on")
    await fill_in(page, "/login", somebody)
    await heading(page, "Your account")
    await page.get_by_role("button", name="Keep my account").click()
    await expect(page.get_by_role("status")).to_have_text("Your account is kept.")
    await expect(page.get_by_role("button", name="Delete your account")).to_be_visible()


async def test_a_double_click_changes_the_password_and_logs_nobody_out(page: Page, somebody: dict[str, str]) -> None:
    await fill_in(page, "/login", somebody)
    await heading(page, "Welcome, Bob!")
    await page.goto("/account")
    await page.get_by_label("Current password").fill(somebody["password"])
    await page.get_by_label("New password").fill("windy marble copper 9")
    await page.get_by_role("button", name="Change password").dblclick()
    await expect(page.get_by_role("status")).to_contain_text("Your password is changed.")
    await page.goto("/account/sessions")
    await expect(page.get_by_text("This device")).to_have_count(1)


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_is_accessible_and_fits_the_screen(
    browser: Browser,
    site: str,
    folder: Path,
    somebody: dict[str, str],
    scheme: Literal["light", "dark"],
    width: int,
) -> None:
    context = await visit(browser, site, color_scheme=scheme, viewport={"width": width, "height": 640})
    page = await context.new_page()

    async def check() -> None:
        results = await Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, f"{page.url} is too wide"

    for path in ("/", "/login", "/signup", "/nowhere"):
        await page.goto(path)
        await check()
    await fill_in(page, "/login", somebody | {"password": "wrong"})
    await check()
    await fill_in(page, "/login", somebody)
    await heading(page, "Welcome, Bob!")
    await check()
    for path in ("/account", "/account/sessions", "/account/activity"):
        await page.goto(path)
        await check()
    await page.goto("/account")
    await page.get_by_role("textbox", name="Name").fill("\u202e")
    await page.get_by_role("button", name="Change name").click()
    await expect(page.locator("#name").get_by_role("alert")).to_be_visible()
    await check()
    a_while_passes(folder, somebody)
    await page.get_by_role("button", name="Download your data").click()
    await heading(page, "Download your data")
    await check()
    await context.close()


async def test_the_keyboards_focus_can_be_seen(page: Page) -> None:
    await page.goto("/")
    await page.keyboard.press("Tab")
    outline = await page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert float(re.sub("px", "", outline)) >= 2


@pytest.fixture(scope="session")
def evil_port() -> Iterator[int]:
    """The port of another site, whose one page is a form and a link as its address asks for."""

    class Evil(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            target = parse_qs(urlsplit(self.path).query)["target"][0]
            fields = "".join(f'<input name="{name}" value="{value}">' for name, value in EVE.items())
            form = f'<form method="post" action="{target}">{fields}<button>form</button></form>'
            page = f'<a href="{target}">link</a>{form}'
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Evil) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.asvs("3.5.1", "3.5.3")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])  # another site; another origin of the same site
async def test_another_site_can_neither_log_you_in_nor_out_nor_up(
    browser: Browser, site: str, somebody: dict[str, str], evil_port: int, host: str
) -> None:
    context = await visit(browser, site)
    page = await context.new_page()
    await fill_in(page, "/login", somebody)
    await heading(page, "Welcome, Bob!")
    for path in ("/login", "/signup", "/logout"):
        await page.goto(f"http://{host}:{evil_port}/?target={site}{path}")
        await page.get_by_role("button").click()
        await heading(page, "Forbidden")
    await page.goto(f"http://{host}:{evil_port}/?target={site}/logout")
    await page.get_by_role("link").click()
    await heading(page, "Log out?")
    await page.goto("/profile")
    await heading(page, "Welcome, Bob!")
    await page.goto(f"http://{host}:{evil_port}/?target={site}/logout")
    await page.get_by_role("link").click()
    await page.locator("main").get_by_role("button", name="Logout").click()
    await expect(page.get_by_role("link", name="Login", exact=True)).to_be_visible()
    await fill_in(page, "/login", {"email": EVE["email"], "password": EVE["password"]})
    await expect(page.get_by_role("alert")).to_have_text(WRONG_DETAILS)
    await context.close()


@pytest.mark.asvs("3.4.6")
async def test_no_other_site_can_show_ours_in_a_frame(browser: Browser, site: str, evil_port: int) -> None:
    context = await visit(browser, site)
    page = await context.new_page()
    await page.goto(f"http://localhost:{evil_port}/?target={site}")
    await page.evaluate(
        """url => new Promise(done => {
            const frame = document.createElement("iframe");
            frame.src = url;
            frame.onload = done;
            document.body.append(frame);
        })""",
        f"{site}/login",
    )
    assert page.frames[1].url.startswith("chrome-error:")
    await context.close()


@pytest.mark.asvs("1.5.3", "3.7.2")
async def test_a_browser_resolves_every_accepted_next_to_this_very_site(page: Page, site: str) -> None:
    """The URL parser of a real browser is the judge, over the advisories and thousands of variations on them."""
    parts = ["/", "\\", "\t", "\n", "\r", "@", ":", "?", "#", ".", "..", "e", "//e", "https:", "%09", "%2f", "%5c", " "]
    targets = [*HOSTILE, *FINE, *("".join(each) for length in (1, 2, 3, 4) for each in product(parts, repeat=length))]
    accepted = [target for target in targets if next_page.safe(target)]
    assert len(accepted) > 1000
    await page.goto("/")
    strangers = await page.evaluate(
        "([targets, site]) => targets.filter(target => new URL(target, site + '/login').origin !== site)",
        [accepted, site],
    )
    assert strangers == []


@pytest.mark.asvs("3.3.4", "14.3.3")
def decoded(value: str) -> str:
    """Return all that a signed cookie can be read as."""
    parts = [value, *value.split(".")]
    return value + "".join(b64decode(part + "==", altchars=b"-_").decode("latin-1") for part in parts[1:])


async def test_the_browser_keeps_nothing_but_opaque_cookies(page: Page, somebody: dict[str, str]) -> None:
    await fill_in(page, "/login", somebody)
    await heading(page, "Welcome, Bob!")
    stored = await page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
    assert stored == [0, 0, ""]
    for cookie in await page.context.cookies():
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Lax"
        assert somebody["email"] not in decoded(cookie["value"])
