"""A message waits until a person sees it, whatever the browser or a script on the page asks for meanwhile."""

from typing import Any

import pytest
from quart import Quart

from quart_auth_app import Accounts
from quart_auth_app.blueprints.auth import log_in
from quart_auth_app.web.identity.passkeys import GONE
from tests.databases import SECRET_KEY, NewDatabase
from tests.people import BOB, EVE, Client, cookie, notice
from tests.web.test_json import get, post

WRONG_DETAILS = "Please check your login details and try again."
UNSEEN: dict[str, dict[str, str]] = {
    "JSON": {"Accept": "application/json"},
    "a problem in JSON": {"Accept": "application/problem+json"},
    "a prefetch": {"Sec-Purpose": "prefetch"},
}


async def refused(client: Client) -> Client:
    """Let a browser that was refused wait for its log-in page."""
    await client.post("/login", form=BOB | {"password": "wrong", "remember": "on"})
    return client


async def still_waits(client: Client) -> bool:
    """Tell whether the log-in page shows what the refusal left: the message, the typed address and the checkbox."""
    source = await (await client.get("/login")).get_data(as_text=True)
    return all(each in source for each in (WRONG_DETAILS, f'value="{BOB["email"]}"', " checked"))


@pytest.fixture
async def host(new_database: NewDatabase) -> Any:
    """A browser at an application whose session is its own."""
    app = Quart(__name__)
    app.config.update(SECRET_KEY=SECRET_KEY, DATABASE_URL=new_database())
    Accounts(app)
    async with app.test_app():
        yield app.test_client()


@pytest.mark.parametrize("kind", UNSEEN)
@pytest.mark.parametrize("path", ["/", "/login", "/profile", "/signup", "/account", "/nowhere", "/static/style.css"])
async def test_a_message_waits_while_nobody_sees_a_page(client: Client, kind: str, path: str) -> None:
    await refused(client)
    await client.get(path, headers=UNSEEN[kind])
    assert await still_waits(client)


@pytest.mark.parametrize("path", ["/login", "/signup", "/profile"])
async def test_so_it_does_in_another_applications_session(host: Client, path: str) -> None:
    await refused(host)
    for headers in UNSEEN.values():
        await host.get(path, headers=headers)
    await host.head(path)
    assert await still_waits(host)


async def test_a_message_waits_while_a_page_fails(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    await refused(client)
    with monkeypatch.context() as patched:
        patched.setattr(log_in, "render_template", None)
        assert (await client.get("/login")).status_code == 500
    assert await still_waits(client)


async def test_a_script_is_told_the_messages_of_its_own_request(client: Client, bob: dict[str, str]) -> None:
    """A refusal that waited for a page once made a problem of whatever a script of the same browser had asked for."""
    await refused(client)
    assert "message" not in await get(client, "/login")
    assert (await post(client, "/signup", BOB)).status_code == 409
    assert (await (await post(client, "/signup", EVE)).get_json())["message"].startswith(
        "Your account has been created"
    )
    assert await still_waits(client)
    await refused(client)
    response = await post(client, "/login", bob)
    assert (response.status_code, await response.get_json()) == (200, {"next": "/profile"})


async def test_a_script_leaves_nothing_for_the_next_page(client: Client) -> None:
    await post(client, "/signup", BOB)
    await post(client, "/login", BOB | {"password": "wrong"})
    assert cookie(client, "flash") is None
    assert not await notice(client, "/login")


async def test_a_passkey_that_is_gone_is_told_to_the_browser_and_not_to_a_script(client: Client) -> None:
    async with client.session_transaction() as session:
        session[GONE] = "passkey-7"
    await get(client, "/login")
    assert "passkey-7" in await (await client.get("/login")).get_data(as_text=True)
