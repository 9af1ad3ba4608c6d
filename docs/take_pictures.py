"""Take the pictures of README.md and docs/ from the running application: `make pictures`."""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from tests.browser.test_browser import CHROMIUM, FLAGS, fill_in, heading
from tests.inbox import Inbox, text_of
from tests.people import BOB
from tests.servers import running, served

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
    await page.goto("/account")
    await shoot(page, folder, f"{kind}-account")
    await page.goto("/nowhere")
    await shoot(page, folder, f"{kind}-error")
    await context.close()


async def montage(browser: Browser, folder: Path) -> None:
    """Lay four of them out as one picture."""
    names = ["light-900-signup", "light-900-account", "light-320-profile", "dark-320-login"]
    await lay_out(browser, folder, names, "pages.png")


async def lay_out(browser: Browser, folder: Path, names: list[str], picture: str) -> None:
    """Lay pictures out side by side as one."""
    pictures = "".join(f'<img src="file://{folder}/{name}.png" height="350">' for name in names)
    (folder / "all.html").write_text(
        "<style>body{margin:0;padding:12px;display:flex;gap:12px;background:#8fa5a2;width:max-content}"
        f"img{{border-radius:8px}}</style>{pictures}"
    )
    page = await browser.new_page(viewport={"width": 1400, "height": 374})
    await page.goto(f"file://{folder}/all.html")
    await page.locator("body").screenshot(path=FOLDER / picture)


async def languages(browser: Browser, site: str, folder: Path) -> None:
    """Take the picture of docs/build-on-it.md: the same page in each language, refused, and the account beside it."""
    names = []
    for code, locale in {"en": "en-GB", "es": "es-MX", "ja": "ja-JP"}.items():
        person = BOB | {"email": f"{code}@example.com", "name": "山田　太郎"}
        context = await browser.new_context(base_url=site, locale=locale, viewport={"width": 400, "height": 760})
        page = await context.new_page()
        await page.goto("/signup")
        for name in ("email", "name", "password"):
            await page.locator(f"input[name={name}]").fill(person[name])
        await page.locator("main form button").first.click()
        await page.locator("input[name=password]").fill("wrong")
        await page.locator("main form button").first.click()
        await page.get_by_role("alert").wait_for()
        await shoot(page, folder, f"{code}-login")
        await page.locator("input[name=password]").fill(person["password"])
        await page.locator("main form button").first.click()
        await page.wait_for_url("**/profile")
        await page.goto("/account#password")
        await shoot(page, folder, f"{code}-account")
        await context.close()
        names += [f"{code}-login", f"{code}-account"]
    await lay_out(browser, folder, names, "languages.png")


async def mail(browser: Browser, folder: Path) -> None:
    """Take the picture of docs/mail.md: what somebody who signs up is sent, as a program that reads mail shows it."""
    inbox = Inbox(folder / "inbox")
    settings = {"MAIL_URL": inbox.url, "PUBLIC_URL": "https://accounts.example.com", "SITE_NAME": "Example"}
    with tempfile.TemporaryDirectory() as data, running(Path(data), settings) as server:
        await asyncio.to_thread(server.visitor().post, "/signup", BOB)
        async with asyncio.timeout(60):
            while not inbox.mails:  # noqa: ASYNC110  # the sender tells nobody
                await asyncio.sleep(0.05)
    (folder / "mail.html").write_text(text_of(inbox.mails[0], "html"))
    page = await browser.new_page(viewport={"width": 640, "height": 300})
    await page.goto(f"file://{folder}/mail.html")
    await page.screenshot(path=FOLDER / "mail.png", full_page=True)


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
            with tempfile.TemporaryDirectory() as data, served(Path(data)) as site:
                await languages(browser, site, folder)
            await mail(browser, folder)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
