"""The journeys of a person, in Chromium, against the application under hypercorn."""

import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from threading import Thread
from typing import Literal
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from quart_auth_app.web.forms import next_page
from quart_auth_app.web.sentences.outcomes import SIGNED_UP
from tests.browser.steps import BROWSER_TEST, CHROMIUM, FLAGS, HEADLESS, a_while_passes, fill_in, fits, heading, visit
from tests.people import BOB, EVE, PLEASE_LOG_IN, WRONG_DETAILS, addresses, decoded
from tests.servers import free_port, running
from tests.web.test_next_page import FINE, HOSTILE
from tests.web.test_templates import TUTORIAL

pytestmark = BROWSER_TEST

WITHOUT_EDGE = """
    [...document.querySelectorAll("main .box, main .button, main .show-password")]
        .filter(each => each.checkVisibility() && parseFloat(getComputedStyle(each).borderTopWidth) < 1)
        .map(each => each.className + ": " + (each.value || each.innerText))
"""
"""A program for the browser: the boxes and buttons that only their background and shadow set apart."""


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


async def test_an_address_with_letters_beyond_ascii_is_typed_the_same_at_both_forms(page: Page) -> None:
    typed = f"bob.{uuid4().hex[:8]}@bücher.example"
    await fill_in(page, "/signup", BOB | {"email": typed})
    await expect(page.get_by_role("status")).to_have_text(SIGNED_UP)
    await page.goto("/login")
    await fill_in(page, "/login", {"email": typed, "password": BOB["password"]})
    await heading(page, "Welcome, Bob!")


async def test_a_site_whose_name_has_letters_beyond_ascii_knows_its_own_forms(tmp_path: Path) -> None:
    port = free_port()
    environment = {"PUBLIC_URL": f"http://bücher.localhost:{port}"}
    with running(tmp_path, environment, port=port):
        async with async_playwright() as playwright:
            chromium = await playwright.chromium.launch(executable_path=HEADLESS, args=FLAGS)
            page = await chromium.new_page(base_url=environment["PUBLIC_URL"])
            await fill_in(page, "/signup", BOB)
            await expect(page.get_by_role("status")).to_have_text(SIGNED_UP)
            await fill_in(page, "/login", {"password": BOB["password"]})
            await heading(page, "Welcome, Bob!")
            await chromium.close()


async def test_a_second_click_on_sign_up_sees_the_success(page: Page) -> None:
    await page.goto("/signup")
    for label, value in (BOB | {"email": f"{uuid4().hex}@example.com"}).items():
        await page.get_by_label(label.capitalize(), exact=True).fill(value)
    await page.get_by_role("button", name="Sign Up").dblclick(delay=50)
    await heading(page, "Login")
    await expect(page.get_by_role("status")).to_have_text(SIGNED_UP)


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
    await page.locator("main form button").first.click()
    await expect(page.get_by_role("alert")).to_have_text("This is not your password. Please try again.")
    await page.get_by_label("Password").fill(somebody["password"])
    async with page.expect_download() as downloading:
        await page.locator("main form button").first.click()
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

    for path in ("/", "/login", "/signup", "/nowhere"):
        await page.goto(path)
        await fits(page)
    await fill_in(page, "/login", somebody | {"password": "wrong"})
    await fits(page)
    await fill_in(page, "/login", somebody)
    await heading(page, "Welcome, Bob!")
    await fits(page)
    for path in ("/account", "/account/sessions", "/account/activity", "/account/second-step"):
        await page.goto(path)
        await fits(page)
    await page.goto("/account")
    await page.get_by_role("textbox", name="Name").fill("\u202e")
    await page.get_by_role("button", name="Change name").click()
    await expect(page.locator("#name").get_by_role("alert")).to_be_visible()
    await fits(page)
    a_while_passes(folder, somebody)
    await page.get_by_role("button", name="Download your data").click()
    await heading(page, "Download your data")
    await fits(page)
    await context.close()


async def test_the_keyboards_focus_can_be_seen(page: Page) -> None:
    await page.goto("/")
    await page.keyboard.press("Tab")
    outline = await page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert float(re.sub("px", "", outline)) >= 2


async def test_buttons_and_boxes_have_an_edge_where_the_system_chooses_the_colours(
    browser: Browser, site: str, somebody: dict[str, str]
) -> None:
    context = await visit(browser, site, forced_colors="active")
    page = await context.new_page()
    await page.goto("/login")
    assert await page.evaluate(WITHOUT_EDGE) == []
    await fill_in(page, "/login", somebody)
    await heading(page, "Welcome, Bob!")
    for path in ("/account", "/account/passkeys", "/account/second-step"):
        await page.goto(path)
        assert await page.evaluate(WITHOUT_EDGE) == []
    await context.close()


@pytest.fixture(scope="session")
def cdn() -> Iterator[str]:
    """The address of a server that has one stylesheet, as the tutorial's pages expect."""

    class Cdn(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/css")
            self.end_headers()
            self.wfile.write(b".title { color: rgb(1, 2, 3) }")

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Cdn) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


TUTORIAL_SITE = """
from quart_auth_app import create_app
app = create_app(import_name=__name__)
"""


@pytest.mark.asvs("3.4.3")
@pytest.mark.parametrize("is_allowed", [True, False])
async def test_the_tutorials_pages_look_as_they_did_once_their_stylesheet_is_allowed(
    browser: Browser, cdn: str, tmp_path: Path, is_allowed: bool
) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "static").mkdir()
    (tmp_path / "tutorial.py").write_text(TUTORIAL_SITE)
    link, run = f'<link rel="stylesheet" href="{cdn}/bulma/0.7.2/bulma.min.css" />', '{{ script("mine.js") }}'
    base = TUTORIAL["base.html"].replace("{% block", f"{link}{run}{{% block", 1)
    for name, source in (TUTORIAL | {"base.html": base}).items():
        (tmp_path / "templates" / name).write_text(source.replace("A title", '<h1 class="title">A title</h1>'))
    (tmp_path / "static" / "mine.js").write_text("document.querySelector('.title').textContent = 'By my script'")
    allowed = {"CSP_ALLOW": f"style-src {cdn}"} if is_allowed else {}
    with running(tmp_path, allowed, application="tutorial:app") as server:
        context = await visit(browser, server.address)
        page = await context.new_page()
        await page.goto("/")
        title = page.get_by_role("heading", level=1)
        await expect(title).to_have_text("By my script")
        await expect(title).to_have_css("color", "rgb(1, 2, 3)" if is_allowed else "rgb(0, 0, 0)")
        await context.close()


@pytest.mark.parametrize("path", ["/login", "/signup"])
async def test_a_browser_that_blocks_cookies_is_told(
    site: str, somebody: dict[str, str], tmp_path: Path, path: str
) -> None:
    (tmp_path / "Default").mkdir()
    blocked = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(blocked))
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path,
            executable_path=CHROMIUM,  # a browser without profiles has no such setting
            args=FLAGS,
            base_url=site,
            extra_http_headers={"X-Forwarded-For": next(addresses)},
        )
        page = await context.new_page()
        for password in (somebody["password"], "quite another harbour 5"):
            await page.goto(path)
            name = {"name": "Bob"} if path == "/signup" else {}
            await fill_in(page, path, somebody | name | {"password": password})
            await heading(page, "Cookies are blocked")
            await expect(page.get_by_role("alert")).to_contain_text("This site needs cookies")
            await page.get_by_role("link", name="Try again").click()
            await heading(page, "Sign Up" if path == "/signup" else "Login")
        assert await context.cookies() == []
        await context.close()


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
async def test_the_browser_keeps_nothing_but_opaque_cookies(page: Page, somebody: dict[str, str]) -> None:
    await fill_in(page, "/login", somebody)
    await heading(page, "Welcome, Bob!")
    stored = await page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
    assert stored == [0, 0, ""]
    for cookie in await page.context.cookies():
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Lax"
        assert somebody["email"] not in decoded(cookie["value"])
