"""The journeys in each language, in Chromium; and pages that are written from right to left."""

import base64
from pathlib import Path
from typing import Literal
from uuid import uuid4

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from quart_auth_app import clock
from quart_auth_app.accounts.factors import totp
from quart_auth_app.languages import Language, Languages
from quart_auth_app.web.sentences.outcomes import NAME_CHANGED, SIGNED_UP
from quart_auth_app.web.sentences.refusals import SENTENCES
from tests.browser.steps import BROWSER_TEST, visit
from tests.people import BOB
from tests.pseudo import CODE
from tests.servers import ROOT, running

pytestmark = BROWSER_TEST

LANGUAGES = Languages()
LOCALES = {"en": "en-GB", "es": "es-MX", "ja": "ja-JP"}

YAMADA = "山田　太郎"
"""With the wide space that Japanese keyboards type."""

WIDE_DIGITS = str.maketrans("0123456789", "０１２３４５６７８９")


def said(code: str, text: str) -> str:
    """Return the text in a language."""
    return LANGUAGES[code].translated(text)


async def fill(page: Page, code: str, **fields: str) -> None:
    """Fill in the form of the page by its labels, and send it."""
    for label, value in fields.items():
        await page.get_by_label(said(code, label.capitalize()), exact=True).fill(value)
    await page.locator("main form button").first.click()


async def heading(page: Page, text: str) -> None:
    """Wait until the page says so."""
    await expect(page.get_by_role("heading", level=1)).to_have_text(text)


@pytest.mark.parametrize("code", sorted(LANGUAGES))
async def test_the_journey_from_sign_up_to_log_out(browser: Browser, site: str, code: str) -> None:
    context = await visit(browser, site, locale=LOCALES[code])
    page = await context.new_page()
    person = BOB | {"name": YAMADA, "email": f"{uuid4().hex}@example.com"}
    await page.goto("/")
    await page.get_by_role("link", name=said(code, "Sign Up")).click()
    await expect(page.locator("html")).to_have_attribute("lang", code)
    await fill(page, code, **person)
    await expect(page.get_by_role("status")).to_have_text(said(code, SIGNED_UP))
    await fill(page, code, password="wrong")
    await expect(page.get_by_role("alert")).to_have_text(said(code, str(SENTENCES["WrongDetails"])))
    await fill(page, code, password=person["password"])
    await heading(page, said(code, "Welcome, %(name)s!") % {"name": YAMADA})
    await page.get_by_role("link", name=said(code, "Your account")).click()
    await page.locator("#name").get_by_label(said(code, "Name")).fill("Tarō\u200d")
    await page.get_by_role("button", name=said(code, "Change name")).click()
    await expect(page.get_by_role("status")).to_have_text(said(code, NAME_CHANGED))
    await page.goto("/account/second-step")
    await page.get_by_role("button", name=said(code, "Set up an app")).click()
    await expect(page.get_by_role("heading", name=said(code, "Set up your app"))).to_be_visible()
    await page.goto("/account/activity")
    await expect(page.locator("li.box").first.get_by_role("heading")).to_have_text(said(code, "The name was changed"))
    await page.get_by_role("button", name=said(code, "Logout")).click()
    await heading(page, said(code, "Quart Login Example"))
    await context.close()


@pytest.mark.asvs("3.7.1")
async def test_the_language_is_chosen_at_the_foot_of_the_page_without_javascript(browser: Browser, site: str) -> None:
    context = await visit(browser, site, locale="es-ES", java_script_enabled=False)
    page = await context.new_page()
    await page.goto("/signup?next=/profile")
    await heading(page, "Registrarse")
    await page.get_by_role("button", name="日本語").click()
    await heading(page, "新規登録")
    assert page.url == f"{site}/signup?next=/profile"
    await page.goto("/login")
    await heading(page, "ログイン")
    await page.get_by_role("button", name="English").click()
    await heading(page, "Login")
    await context.close()


async def test_a_code_that_a_japanese_keyboard_types_is_taken(
    browser: Browser, site: str, somebody: dict[str, str]
) -> None:
    context = await visit(browser, site, locale="ja-JP")
    page = await context.new_page()
    await page.goto("/login")
    await fill(page, "ja", **somebody)
    await page.get_by_role("button", name="日本語").click()  # the account was made in English
    await page.goto("/account/second-step")
    await page.get_by_role("button", name=said("ja", "Set up an app")).click()
    key = (await page.locator(".key code").text_content() or "").replace(" ", "")
    await page.locator("input[name=code]").fill(_code(key).translate(WIDE_DIGITS))
    await page.get_by_role("button", name=said("ja", "Turn the second step on")).click()
    await heading(page, said("ja", "Recovery codes"))
    fonts = await page.locator("code").evaluate_all("codes => codes.map(code => getComputedStyle(code).fontFamily)")
    assert len(fonts) >= 10
    assert set(fonts) == {"ui-monospace, monospace"}, "l, I and 1 differ"
    await context.close()


def _code(key: str) -> str:
    return totp.code(base64.b32decode(key), totp.step_at(clock.now()))


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1280, "light")])
@pytest.mark.parametrize("code", ["es", "ja"])
async def test_every_page_is_accessible_and_fits_the_screen_in_each_language(
    browser: Browser, site: str, somebody: dict[str, str], code: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = await visit(
        browser, site, locale=LOCALES[code], color_scheme=scheme, viewport={"width": width, "height": 640}
    )
    page = await context.new_page()
    for path in ("/", "/login", "/signup", "/nowhere"):
        await page.goto(path)
        await check(page, width)
    await page.goto("/login")
    await fill(page, code, **somebody)
    await page.wait_for_url("**/profile")
    await page.get_by_role("button", name=LANGUAGES[code].name).click()
    await expect(page.locator("html")).to_have_attribute("lang", code)
    for path in ("/profile", "/account", "/account/sessions", "/account/activity", "/account/second-step"):
        await page.goto(path)
        await check(page, width)
    await context.close()


async def check(page: Page, width: int) -> None:
    """See that the page has no fault that axe finds, and needs no scrolling sideways."""
    results = await Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert await page.evaluate("document.documentElement.scrollWidth") <= width, f"{page.url} is too wide"


MIRRORED = """
from quart_auth_app import create_app
from tests import pseudo
app = create_app()
pseudo.offer(app)
"""


@pytest.mark.parametrize("width", [320, 1280])
async def test_a_language_that_is_written_from_right_to_left_mirrors_the_pages(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    (tmp_path / "mirrored.py").write_text(MIRRORED)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with running(tmp_path, {}, application="mirrored:app") as server:
        context = await visit(browser, server.address, viewport={"width": width, "height": 640})
        await context.add_cookies([{"name": "language", "value": CODE, "url": server.address}])
        page = await context.new_page()
        for path in ("/", "/login", "/signup", "/nowhere"):
            await page.goto(path)
            await expect(page.locator("html")).to_have_attribute("dir", "rtl")
            await check(page, width)
        await page.goto("/login")
        field = await page.locator("#password").bounding_box()
        button = await page.locator(".show-password").bounding_box()
        assert field
        assert button
        assert button["x"] + button["width"] < field["x"] + field["width"] / 2, "the button stands at the left"
        await context.close()


async def test_each_language_has_a_name_of_its_own() -> None:
    names = {code: language.name for code, language in LANGUAGES.items()}
    assert names == {"en": "English", "es": "Español", "ja": "日本語"}
    assert isinstance(LANGUAGES.default, Language)
