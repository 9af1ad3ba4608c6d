"""Pages on paper: recovery codes are printed."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.steps import BROWSER_TEST, fill_in, heading, visit
from tests.browser.test_admin import code

pytestmark = BROWSER_TEST

PIXELS_OF_A4 = {"width": 794, "height": 1123}
"""At the 96 pixels an inch that browsers print with."""

LIGHTNESS = """
    colour => colour.match(/\\d+/g).slice(0, 3).map(Number).reduce((sum, each) => sum + each) / 3
"""


@pytest.mark.parametrize("language", ["en", "ja"])
async def test_recovery_codes_are_one_page_of_dark_text_below_the_sites_name(
    browser: Browser, site: str, somebody: dict[str, str], language: str
) -> None:
    context = await visit(browser, site, color_scheme="dark", viewport=PIXELS_OF_A4)
    page = await context.new_page()
    await fill_in(page, "/login", somebody)
    await heading(page, "Welcome, Bob!")
    await context.set_extra_http_headers({"Accept-Language": language})
    await page.goto("/account/second-step")
    await page.locator("main form button").first.click()
    key = (await page.locator(".key code").text_content() or "").replace(" ", "")
    await page.locator("input[name=code]").fill(code(key))
    await page.locator("main form:has(input[name=code]) button").click()
    await expect(page.locator(".codes li")).to_have_count(10)

    await page.emulate_media(media="print", color_scheme="dark")  # not every browser prints a dark page as a light one
    await expect(page.get_by_text("Quart Auth App")).to_be_visible()
    await expect(page.get_by_role("button")).to_have_count(0)
    await expect(page.get_by_role("navigation").get_by_role("link")).to_have_count(1)
    colour = await page.locator(".codes code").first.evaluate("element => getComputedStyle(element).color")
    assert await page.evaluate(LIGHTNESS, colour) < 60
    assert await page.evaluate("document.documentElement.scrollHeight") <= PIXELS_OF_A4["height"]
    await context.close()
