"""Sign Up, clicked twice: the person sees the success that it was, and nobody else learns anything."""

import asyncio
from datetime import timedelta

import pytest
from quart import Quart

from quart_auth_app.accounts import double_clicks
from quart_auth_app.accounts.throttling import throttle
from tests.conftest import MakeApp
from tests.people import BOB, Client, Clock, Events, elsewhere, notice

SUCCESS = "Your account has been created. You can log in now."
TAKEN = "Email address already exists. Go to login page."


async def opened(app: Quart) -> Client:
    """Return a browser that has the form open."""
    client = app.test_client()
    await client.get("/signup")
    return client


async def sign_up(client: Client, **changed: str) -> str:
    """Send the form. Return where that leads."""
    return (await client.post("/signup", form=BOB | changed)).headers["Location"]


async def test_the_second_click_sees_the_success_that_it_was(app: Quart, events: Events) -> None:
    client = await opened(app)
    assert [await sign_up(client) for _ in range(2)] == ["/login"] * 2
    assert await notice(client, "/login") == SUCCESS
    assert events.names.count("sign_up") == 1


async def test_clicks_that_arrive_at_once_all_see_it(app: Quart, events: Events) -> None:
    client = await opened(app)
    assert await asyncio.gather(*(sign_up(client) for _ in range(4))) == ["/login"] * 4
    assert events.names.count("sign_up") == 1


async def test_another_spelling_of_the_same_address_is_the_same_form(app: Quart) -> None:
    client = await opened(app)
    await sign_up(client, email="bob@bücher.example")
    assert await sign_up(client, email="Bob@xn--bcher-kva.example") == "/login"


@pytest.mark.parametrize("changed", [{"password": "another harbour kettle 7"}, {"name": "Rob"}], ids=str)
async def test_other_details_are_no_second_click(app: Quart, changed: dict[str, str]) -> None:
    client = await opened(app)
    await sign_up(client)
    assert await sign_up(client, **changed) == "/signup"
    assert await notice(client, "/signup") == TAKEN


async def test_two_servers_whose_clocks_differ_by_a_minute_know_a_second_click(make_app: MakeApp, time: Clock) -> None:
    app = make_app()
    time.advance(timedelta(seconds=60))
    client = await opened(app)
    time.advance(timedelta(seconds=-60))
    await sign_up(client)
    assert await sign_up(client) == "/login"
    time.advance(timedelta(seconds=60))
    assert await sign_up(client) == "/login"


async def test_who_has_opened_no_form_has_not_clicked_twice(client: Client) -> None:
    assert [await sign_up(client) for _ in range(2)] == ["/login", "/signup"]
    assert await notice(client, "/signup") == TAKEN


async def test_a_form_that_was_opened_later_is_no_second_click(app: Quart, time: Clock) -> None:
    client = await opened(app)
    await sign_up(client)
    time.advance(throttle.SLACK + timedelta(seconds=1))
    for stranger in (client, app.test_client()):
        await stranger.get("/signup")
        assert await sign_up(stranger) == "/signup"
    assert await sign_up(app.test_client()) == "/signup"


@pytest.mark.parametrize("other", [elsewhere(), {"headers": {"User-Agent": "Firefox/130 (Windows)"}}, {}], ids=str)
async def test_another_browser_is_told_what_it_always_was(app: Quart, other: dict[str, object]) -> None:
    """Even one of the same kind and address: otherwise it would learn whether it has guessed the password."""
    client, stranger = await opened(app), await opened(app)
    await sign_up(client)
    response = await stranger.post("/signup", form=BOB, **other)
    assert response.headers["Location"] == "/signup"
    assert await sign_up(client) == "/login", "the one that has signed up"


async def test_after_a_while_it_is_no_second_click(make_app: MakeApp, time: Clock) -> None:
    client = await opened(make_app())
    await sign_up(client)
    time.advance(double_clicks.LASTS + throttle.SLACK + timedelta(seconds=1))
    assert await sign_up(client) == "/signup"
