"""A running site and a Chromium, which all tests of a process share."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.browser.steps import FLAGS, HEADLESS, fill_in, visit
from tests.people import BOB
from tests.servers import served


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
        chromium = await playwright.chromium.launch(executable_path=HEADLESS, args=FLAGS)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser, site: str) -> AsyncIterator[BrowserContext]:
    """A new browser. At the end, it must not have asked another host for anything, nor violated the page's policy."""
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
