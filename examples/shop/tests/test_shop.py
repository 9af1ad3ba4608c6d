"""What a developer expects of a site on quart-auth-app, tried with the shop.

The thirteen expectations have numbers, which the tests' names begin with:

1. the site's own templates win; 2. tables of its own; 3. the commands judge ours only; 4. columns on the user;
5. settings of its own; 6. JSON for who asks for it; 7. WebSockets; 8. large forms; 9. work in the background, no leak;
10. routes, scripts, types and migrations of its own; 10b. navigation, colours, titles, the site's name;
13. signals, sudo and roles; 14. fixtures. (11 and 12, an application that exists and other servers, are no shop.)
"""

import asyncio
import logging
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from quart import Quart
from quart.testing import connections
from quart.testing.connections import WebsocketResponseError
from quart_auth_app import SettingsError, User, reading, transaction
from quart_auth_app.testing import PASSWORD, SECRET_KEY, Browser, Clock, LogInAs, MakeUser, Outbox
from sqlalchemy import func, select, text

from shop import create_shop
from shop.models import Order

# Quart 0.23's test client no longer tells that the server closed a socket.
Disconnected: Any = getattr(connections, "WebsocketDisconnectError", None)


async def read(client: Browser, path: str) -> str:
    """Return a page."""
    return await (await client.get(path)).get_data(as_text=True)


async def test_1_the_shops_templates_are_around_our_pages_and_around_errors(client: Browser) -> None:
    assert "<title>Login · The Soup Shop</title>" in await read(client, "/login")
    assert "Not on the menu" in await read(client, "/nowhere")


async def test_10_the_home_page_is_the_shops(client: Browser, make_user: MakeUser) -> None:
    await make_user()
    page = await read(client, "/")
    assert "One person eats here." in page
    assert 'href="/cart">Cart</a>' in page
    assert page.index("shop.") < page.index("</head>")


async def test_10_a_script_of_the_shops_own_may_run_on_its_page(client: Browser) -> None:
    response = await client.get("/")
    assert '<script src="/static/shop.' in await response.get_data(as_text=True)
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    assert "script-src" not in (await client.get("/nowhere")).headers["Content-Security-Policy"]


async def test_10b_a_message_has_its_own_colour(client: Browser, make_user: MakeUser, log_in_as: LogInAs) -> None:
    await log_in_as(client, await make_user(name="Ann"))
    page = await client.post("/cart/soup", follow_redirects=True)
    text = await page.get_data(as_text=True)
    assert 'notification is-success" role="status">One soup for Ann.</div>' in text
    assert "soup: 4 €" in text


async def test_1_what_the_shop_says_about_an_error_is_read(
    client: Browser, make_user: MakeUser, log_in_as: LogInAs
) -> None:
    await log_in_as(client, await make_user())
    response = await client.post("/cart/pizza")
    assert response.status_code == 404
    assert "That dish is sold out." in await response.get_data(as_text=True)


async def test_5_a_setting_of_the_shops_own_passes_and_a_misspelt_one_of_ours_is_refused(app: Quart) -> None:
    assert app.config["SHOP_NAME"] == "The Soup Shop"
    with pytest.raises(SettingsError, match="DATABASE_URL is probably meant"):
        create_shop({"DATABSE_URL": "sqlite://", "SECRET_KEY": SECRET_KEY})


async def test_6_the_api_speaks_json_to_strangers_too(client: Browser) -> None:
    response = await client.get("/api/me")
    assert (response.status_code, response.content_type) == (401, "application/problem+json")
    assert (await client.get("/api/nowhere")).content_type == "application/problem+json"


async def test_the_api_knows_who_is_logged_in(client: Browser, make_user: MakeUser, log_in_as: LogInAs) -> None:
    await log_in_as(client, await make_user("ann@example.com", name="Ann"))
    assert (await (await client.get("/api/me")).get_json())["email"] == "ann@example.com"


@pytest.mark.parametrize(("headers", "status"), [({}, 401), ({"Origin": "https://evil.example"}, 403)])
async def test_7_a_websocket_refuses_strangers_and_other_sites(
    client: Browser, headers: dict[str, str], status: int
) -> None:
    with pytest.raises(WebsocketResponseError) as refused:
        async with client.websocket("/live", headers=headers) as socket:
            await socket.receive()
    assert refused.value.response.status_code == status


async def test_7_a_websocket_ends_with_the_session(
    client: Browser, make_user: MakeUser, log_in_as: LogInAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quart_auth_app.web.identity.open_sockets.WATCH_EVERY", 0.05)
    await log_in_as(client, await make_user(name="Ann"))
    async with client.websocket("/live") as socket:
        assert await socket.receive() == "Welcome, Ann!"
        await socket.send("Soup")
        assert await socket.receive() == "Soup? Ready in ten minutes."
        await client.post("/logout")
        if Disconnected:
            with pytest.raises(Disconnected):
                await asyncio.wait_for(socket.receive(), 5)


async def test_8_a_long_letter_is_taken_and_read_in_the_background(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    logging.getLogger(app.name).propagate = True
    async with app.test_app():
        response = await Browser(app).post("/letters", form={"letter": "x" * 70_000})
        assert await response.get_data(as_text=True) == "Thank you."
    assert "a letter of 70000 characters; we have 0 customers" in caplog.text


async def test_9_background_work_needs_no_lifespan(client: Browser) -> None:
    assert (await client.post("/letters", form={"letter": "x" * 70_000})).status_code == 200
    await asyncio.sleep(0)


async def test_8_a_form_of_ours_keeps_its_limit(client: Browser) -> None:
    assert (await client.post("/login", form={"email": "x" * 70_000, "password": "x"})).status_code == 413


@pytest.mark.parametrize("_", range(2))
async def test_9_one_shop_can_be_served_again_and_again(
    app: Quart, make_user: MakeUser, log_in_as: LogInAs, _: int
) -> None:
    for _again in range(2):
        async with app.test_app():
            browser = Browser(app)
            await log_in_as(browser, await make_user())
            assert (await browser.get("/cart")).status_code == 200


async def test_13_somebody_new_is_noted(client: Browser, app: Quart, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    logging.getLogger(app.name).propagate = True
    ann = {"email": "ann@example.com", "name": "Ann", "password": "sunny otter ladder 42"}
    await client.post("/signup", form=ann)
    assert "The Soup Shop has a new customer, number 1" in caplog.text


async def test_13_an_order_is_cancelled_only_by_who_proves_to_be_its_owner(
    client: Browser, make_user: MakeUser, log_in_as: LogInAs, clock: Clock
) -> None:
    await log_in_as(client, await make_user())
    await order_soup(client)
    clock.advance(timedelta(minutes=11))
    asked = await client.post("/orders/cancel")
    assert asked.status_code == 403
    assert "Cancel your orders" in await asked.get_data(as_text=True)
    assert (await export(client, sudo_password=PASSWORD))["orders"] == ["soup"]
    assert (await client.post("/orders/cancel", form={"sudo_password": PASSWORD})).location == "/cart"
    assert (await export(client))["orders"] == []


async def test_13_the_kitchen_is_for_cooks(client: Browser, make_user: MakeUser, log_in_as: LogInAs) -> None:
    assert (await client.get("/kitchen")).location == "/login?next=/kitchen"
    await log_in_as(client, await make_user())
    assert (await client.get("/kitchen")).status_code == 403


class TestWithMail:
    """The shop where mail is sent."""

    @pytest.fixture
    def app(self, fresh_database: str, outbox: Outbox) -> Quart:
        """The shop, sending its mail into the outbox."""
        return create_shop({"DATABASE_URL": fresh_database, "SECRET_KEY": SECRET_KEY, "MAIL_URL": outbox.url})

    async def test_14_a_customer_is_welcome_when_the_mail_in_the_outbox_is_answered(
        self, client: Browser, app: Quart, outbox: Outbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        logging.getLogger(app.name).propagate = True
        ann = {"email": "ann@example.com", "name": "Ann", "password": "sunny otter ladder 42"}
        await client.post("/signup", form=ann | {"birthday": "2000-04-30"})
        assert "has a new customer" not in caplog.text
        await client.post("/signup/code", form={"code": outbox.code("ann@example.com")})
        assert "The Soup Shop has a new customer, number 1" in caplog.text
        await client.post("/login", form=ann)
        assert "On 30.04. the soup is ours." in await read(client, "/")


async def order_soup(client: Browser) -> None:
    """Put a soup into the cart, and order it."""
    await client.post("/cart/soup")
    assert (await client.post("/orders")).status_code == 302


async def export(client: Browser, **form: str) -> Any:
    """Return what is kept about the user."""
    return await (await client.post("/account/export", form=form)).get_json()


async def test_2_an_order_is_kept_in_a_table_of_the_shops_own(
    client: Browser, make_user: MakeUser, log_in_as: LogInAs
) -> None:
    await log_in_as(client, await make_user())
    await order_soup(client)
    assert (await export(client))["orders"] == ["soup"]


async def test_4_a_birthday_is_typed_on_the_account_page_and_known_on_every_other(
    client: Browser, make_user: MakeUser, log_in_as: LogInAs
) -> None:
    await log_in_as(client, await make_user())
    page = await client.post("/account/own", form={"birthday": "2000-04-30"}, follow_redirects=True)
    assert 'name="birthday" value="2000-04-30"' in await page.get_data(as_text=True)
    assert "On 30.04. the soup is ours." in await read(client, "/")
    assert (await (await client.get("/api/me")).get_json())["birthday"] == "2000-04-30"
    assert (await export(client))["account"]["birthday"] == "2000-04-30"


async def test_4_a_birthday_is_typed_at_sign_up(client: Browser) -> None:
    assert 'type="date" name="birthday"' in await read(client, "/signup")
    ann = {"email": "ann@example.com", "name": "Ann", "password": "sunny otter ladder 42", "birthday": "2000-04-30"}
    await client.post("/signup", form=ann)
    await client.post("/login", form=ann)
    assert "On 30.04. the soup is ours." in await read(client, "/")


async def test_2_orders_go_with_their_owner(
    client: Browser, app: Quart, make_user: MakeUser, log_in_as: LogInAs
) -> None:
    user = await make_user()
    await log_in_as(client, user)
    await order_soup(client)
    async with app.app_context():
        async with transaction() as db:
            await db.delete(await db.get_one(User, user.id))
        async with reading() as db:
            assert await db.scalar(select(func.count(Order.id))) == 0


async def test_2_a_missing_table_is_an_error_of_the_shops_with_a_traceback(
    client: Browser, app: Quart, make_user: MakeUser, log_in_as: LogInAs, caplog: pytest.LogCaptureFixture
) -> None:
    await log_in_as(client, await make_user())
    logging.getLogger(app.name).propagate = True
    async with app.app_context(), transaction() as db:
        await db.execute(text("DROP TABLE orders"))
    await client.post("/cart/soup")
    assert (await client.post("/orders")).status_code == 500
    assert "no such table: orders" in caplog.text
    assert "Traceback" in caplog.text


def test_3_the_commands_judge_the_tables_of_the_accounts_only(fresh_database: str) -> None:
    environment = os.environ | {"DATABASE_URL": fresh_database, "SECRET_KEY": SECRET_KEY}
    for act in (["db", "upgrade"], ["db", "check"], ["doctor"]):
        done = run_command(environment, *act)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "orders" not in done.stdout + done.stderr


def test_2_the_migrations_are_what_the_models_say(fresh_database: str) -> None:
    environment = os.environ | {"DATABASE_URL": fresh_database, "SECRET_KEY": SECRET_KEY}
    assert run_command(environment, "db", "upgrade").returncode == 0
    assert "There is nothing to write" in run_command(environment, "db", "migration", "again").stderr


def test_5_a_command_says_in_a_sentence_what_is_wrong(fresh_database: str) -> None:
    done = run_command(os.environ | {"DATABASE_URL": fresh_database, "SECRET_KEY": "short"}, "db", "check")
    assert done.returncode != 0
    assert "SECRET_KEY has 5 characters" in done.stderr
    assert "Traceback" not in done.stderr


def run_command(environment: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    """Run `quart-auth-app` for the shop."""
    command = [sys.executable, "-m", "quart_auth_app.cli", "--app", "shop:create_shop()", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # the command is this test's own


def test_10_only_public_names_are_used() -> None:
    for file in Path(__file__).parents[1].joinpath("shop").rglob("*.py"):
        lines = [line for line in file.read_text().splitlines() if "quart_auth_app" in line and "import" in line]
        assert all(line.startswith("from quart_auth_app import ") for line in lines), file


async def test_a_language_is_there_as_soon_as_its_catalogue_is(
    client: Browser, make_user: MakeUser, log_in_as: LogInAs
) -> None:
    user = await make_user(name="山田　太郎")
    french = {"Accept-Language": "fr-CA, en;q=0.5"}
    response = await client.get("/", headers=french)
    page = await response.get_data(as_text=True)
    assert response.headers["Content-Language"] == "fr"
    assert '<html lang="fr">' in page
    assert "1 personne mange ici." in page
    assert 'href="/cart">Panier</a>' in page
    assert ">Français</button>" in page
    await client.post("/language", form={"language": "fr", "next": "/cart"})
    await log_in_as(client, user)
    await client.post("/cart/soup")
    assert "Pour 山田　太郎 : soup." in await read(client, "/cart")
    assert "Ce plat est épuisé." in await (await client.post("/cart/nothing")).get_data(as_text=True)


async def test_what_a_catalogue_lacks_stays_english(client: Browser) -> None:
    page = await (await client.get("/login", headers={"Accept-Language": "fr"})).get_data(as_text=True)
    assert "Connexion" in page
    assert "Remember me" in page
