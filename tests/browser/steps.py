"""What a person does in a browser."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.people import addresses

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
HEADLESS = shutil.which("chromium-headless-shell") or CHROMIUM
"""The same browser without its window, menus and profiles, where Debian's package of it is installed: three times as
quick."""
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

STICKING_OUT = """
    [...document.querySelectorAll("main .box")].map(box => {
        const style = getComputedStyle(box), text = document.createRange();
        text.selectNodeContents(box);
        const right = box.getBoundingClientRect().right - parseFloat(style.paddingRight);
        return [...text.getClientRects()].some(each => each.right > right + 1) ? box.innerText : "";
    }).filter(text => text)
"""
"""A program for the browser: the texts of boxes with something in them that reaches into the space at their right."""

expect.set_options(timeout=30_000)  # on a busy machine a page takes seconds

BROWSER_TEST = [
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(
        not CHROMIUM and not os.environ.get("CI"),
        reason="Chromium is not installed (Debian: apt-get install chromium); under CI this is a failure",
    ),
]
"""The marks of every file here."""


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
    await page.locator("main form button").first.click()


async def heading(page: Page, text: str) -> None:
    """Wait until the page says so."""
    await expect(page.get_by_role("heading", level=1)).to_have_text(text)


async def fits(page: Page, **options: Any) -> None:
    """Insist that the page is accessible, no wider than the screen, and that no text sticks out of its box.

    The options are axe's.
    """
    results = await Axe().run(page, options=options)
    assert results.violations_count == 0, results.generate_report()
    assert page.viewport_size
    width = page.viewport_size["width"]
    assert await page.evaluate("document.documentElement.scrollWidth") <= width, f"{page.url} is too wide"
    assert await page.evaluate(STICKING_OUT) == [], page.url


def a_while_passes(folder: Path, person: dict[str, str]) -> None:
    """Let the person's last proof of who they are be an hour old."""
    with closing(sqlite3.connect(folder / "instance" / "db.sqlite", isolation_level=None)) as database:
        database.execute(
            "UPDATE session SET authenticated_at = datetime(authenticated_at, '-1 hour') || '.000000'"
            ' WHERE user_id = (SELECT id FROM "user" WHERE email = ?)',
            [person["email"]],
        )
        assert database.execute("SELECT changes()").fetchone()[0] > 0
