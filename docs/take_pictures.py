"""Take README.md's picture from the running application: `make pictures`."""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from tests.browser.test_browser import CHROMIUM, FLAGS, fill_in, heading
from tests.people import BOB
from tests.servers import served

FOLDER = Path(__file__).parent
WIDE, NARROW = {"width": 900, "height": 700}, {"width": 320, "height": 700}


async def shoot(page: Page, folder: Path, name: str) -> None:
    """Keep what the page shows, without a blinking cursor."""
    await page.screenshot(path=folder / f"{name}.png", caret="hide", animations="disabled")


async def walk(browser: Browser, site: str, folder: Path, scheme: str, size: dict[str, int]) -> None:
    """Go through the pages as a person does."""
    context = await browser.new_context(base_url=site, color_scheme=scheme, viewport=size)  # type: ignore[arg-type]  # plain values
    page = await context.new_page()
    kind = f"{scheme}-{size['width']}"
    await page.goto("/")
    await shoot(page, folder, f"{kind}-home")
    await page.goto("/signup")
    await shoot(page, folder, f"{kind}-signup")
    await fill_in(page, "/signup", BOB)
    await fill_in(page, "/login", {"email": BOB["email"], "password": "wrong"})
    await page.get_by_role("alert").wait_for()
    await shoot(page, folder, f"{kind}-login")
    await fill_in(page, "/login", {"email": BOB["email"], "password": BOB["password"]})
    await heading(page, "Welcome, Bob!")
    await shoot(page, folder, f"{kind}-profile")
    await page.goto("/nowhere")
    await shoot(page, folder, f"{kind}-error")
    await context.close()


async def montage(browser: Browser, folder: Path) -> None:
    """Lay four of them out as one picture."""
    names = ["light-900-signup", "light-900-login", "light-900-profile", "dark-320-login"]
    pictures = "".join(f'<img src="file://{folder}/{name}.png" height="350">' for name in names)
    (folder / "all.html").write_text(
        "<style>body{margin:0;padding:12px;display:flex;gap:12px;background:#8fa5a2;width:max-content}"
        f"img{{border-radius:8px}}</style>{pictures}"
    )
    page = await browser.new_page(viewport={"width": 1600, "height": 374})
    await page.goto(f"file://{folder}/all.html")
    await page.locator("body").screenshot(path=FOLDER / "pages.png")


async def main(keep: Path | None) -> None:
    """Take every picture; keep them all in `keep`, if given."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = keep or Path(temporary)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            for scheme in ("light", "dark"):
                for size in (WIDE, NARROW):
                    with tempfile.TemporaryDirectory() as data, served(Path(data)) as site:
                        await walk(browser, site, folder, scheme, size)
            await montage(browser, folder)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
