"""What a developer expects of a site on quart-auth-app, tried with the shop."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from quart import Quart
from quart.testing import connections
from quart.testing.connections import WebsocketResponseError
from quart_auth_app import SettingsError
from quart_auth_app.testing import SECRET_KEY, Browser, LogInAs, MakeUser

from shop import create_shop

# Quart 0.23's test client no longer tells that the server closed a socket.
Disconnected: Any = getattr(connections, "WebsocketDisconnectError", None)


async def read(client: Browser, path: str) -> str:
    """Return a page."""
    return await (await client.get(path)).get_data(as_text=True)


async def test_the_shops_templates_are_around_our_pages_and_around_errors(client: Browser) -> None:
    assert "<title>Login · The Soup Shop</title>" in await read(client, "/login")
    assert "Not on the menu" in await read(client, "/nowhere")


async def test_the_home_page_is_the_shops(client: Browser, make_user: MakeUser) -> None:
    await make_user()
    page = await read(client, "/")
    assert "1 people eat here." in page
    assert 'href="/cart">Cart</a>' in page
    assert page.index("shop.") < page.index("</head>")


async def test_a_message_has_its_own_colour(client: Browser, make_user: MakeUser, log_in_as: LogInAs) -> None:
    await log_in_as(client, await make_user(name="Ann"))
    page = await client.post("/cart/soup", follow_redirects=True)
    text = await page.get_data(as_text=True)
    assert 'notification is-success" role="status">One soup for Ann.</div>' in text
    assert "soup: 4 €" in text


async def test_what_the_shop_says_about_an_error_is_read(
    client: Browser, make_user: MakeUser, log_in_as: LogInAs
) -> None:
    await log_in_as(client, await make_user())
    response = await client.post("/cart/pizza")
    assert response.status_code == 404
    assert "That dish is sold out." in await response.get_data(as_text=True)


async def test_a_setting_of_the_shops_own_passes_and_a_misspelt_one_of_ours_is_refused(app: Quart) -> None:
    assert app.config["SHOP_NAME"] == "The Soup Shop"
    with pytest.raises(SettingsError, match="DATABASE_URL is probably meant"):
        create_shop({"DATABSE_URL": "sqlite://", "SECRET_KEY": SECRET_KEY})


async def test_the_api_speaks_json_to_strangers_too(client: Browser) -> None:
    response = await client.get("/api/me")
    assert (response.status_code, response.content_type) == (401, "application/problem+json")
    assert (await client.get("/api/nowhere")).content_type == "application/problem+json"


async def test_the_api_knows_who_is_logged_in(client: Browser, make_user: MakeUser, log_in_as: LogInAs) -> None:
    await log_in_as(client, await make_user("ann@example.com", name="Ann"))
    assert await (await client.get("/api/me")).get_json() == {"name": "Ann", "email": "ann@example.com"}


@pytest.mark.parametrize(("headers", "status"), [({}, 401), ({"Origin": "https://evil.example"}, 403)])
async def test_a_websocket_refuses_strangers_and_other_sites(
    client: Browser, headers: dict[str, str], status: int
) -> None:
    with pytest.raises(WebsocketResponseError) as refused:
        async with client.websocket("/live", headers=headers) as socket:
            await socket.receive()
    assert refused.value.response.status_code == status


async def test_a_websocket_ends_with_the_session(
    client: Browser, make_user: MakeUser, log_in_as: LogInAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quart_auth_app.web.identity.current_user.WATCH_EVERY", 0.05)
    await log_in_as(client, await make_user(name="Ann"))
    async with client.websocket("/live") as socket:
        assert await socket.receive() == "Welcome, Ann!"
        await socket.send("Soup")
        assert await socket.receive() == "Soup? Ready in ten minutes."
        await client.post("/logout")
        if Disconnected:
            with pytest.raises(Disconnected):
                await asyncio.wait_for(socket.receive(), 5)


async def test_a_long_letter_is_taken_and_read_in_the_background(app: Quart, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    logging.getLogger(app.name).propagate = True
    async with app.test_app():
        response = await Browser(app).post("/letters", form={"letter": "x" * 70_000})
        assert await response.get_data(as_text=True) == "Thank you."
    assert "a letter of 70000 characters; we have 0 customers" in caplog.text


async def test_background_work_needs_no_lifespan(client: Browser) -> None:
    assert (await client.post("/letters", form={"letter": "x" * 70_000})).status_code == 200
    await asyncio.sleep(0)


async def test_a_form_of_ours_keeps_its_limit(client: Browser) -> None:
    assert (await client.post("/login", form={"email": "x" * 70_000, "password": "x"})).status_code == 413


@pytest.mark.parametrize("_", range(2))
async def test_one_shop_can_be_served_again_and_again(
    app: Quart, make_user: MakeUser, log_in_as: LogInAs, _: int
) -> None:
    for _again in range(2):
        async with app.test_app():
            browser = Browser(app)
            await log_in_as(browser, await make_user())
            assert (await browser.get("/cart")).status_code == 200


async def test_somebody_new_is_noted(client: Browser, app: Quart, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    logging.getLogger(app.name).propagate = True
    ann = {"email": "ann@example.com", "name": "Ann", "password": "sunny otter ladder 42"}
    await client.post("/signup", form=ann)
    assert "The Soup Shop has a new customer, number 1" in caplog.text


def test_only_public_names_are_used() -> None:
    for file in Path(__file__).parents[1].joinpath("shop").rglob("*.py"):
        lines = [line for line in file.read_text().splitlines() if "quart_auth_app" in line and "import" in line]
        assert all(line.startswith("from quart_auth_app import ") for line in lines), file
