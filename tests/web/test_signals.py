"""Signals: a site hears what happens to accounts, after it has happened."""

import pytest
from quart import Quart

from quart_auth_app import User, reading, signals
from tests.people import BOB, Client, is_logged_in


async def test_each_act_is_announced_once_with_whom_it_concerns(app: Quart, client: Client) -> None:
    heard: list[object] = []

    @signals.signed_up.connect_via(app)
    @signals.logged_in.connect_via(app)
    async def note_user(sender: Quart, *, user: User, **_: object) -> None:
        heard.append((sender is app, user.email))

    @signals.log_in_failed.connect_via(app)
    async def note_failure(_sender: Quart, *, email: str, **_: object) -> None:
        heard.append(email)

    @signals.logged_out.connect_via(app)
    def note_log_out(_sender: Quart, *, user_id: int, **_: object) -> None:  # one that is not async will do
        heard.append(user_id)

    await client.post("/signup", form=BOB)
    assert heard == [(True, "bob@example.com")]
    await client.post("/login", form=BOB | {"password": "wrong"})
    assert heard.pop() == "bob@example.com"
    await client.post("/login", form=BOB)
    assert heard == [(True, "bob@example.com")] * 2
    await client.post("/logout")
    assert heard[2:] == [1]


async def test_a_receiver_finds_what_was_committed(app: Quart, client: Client) -> None:
    found: list[str] = []

    @signals.signed_up.connect_via(app)
    async def look(_sender: Quart, *, user: User, **_: object) -> None:
        async with reading() as db:
            found.append((await db.get_one(User, user.id)).name)

    await client.post("/signup", form=BOB)
    assert found == ["Bob"]


async def test_a_refused_sign_up_is_not_announced(app: Quart, client: Client, bob: dict[str, str]) -> None:
    heard: list[str] = []

    @signals.signed_up.connect_via(app)
    async def note(_sender: Quart, *, user: User, **_: object) -> None:
        heard.append(user.email)

    await client.post("/signup", form=BOB)
    assert heard == []


async def test_a_receiver_that_fails_undoes_nothing(
    app: Quart, client: Client, bob: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    @signals.logged_in.connect_via(app)
    async def fail(_sender: Quart, **_: object) -> None:
        raise ZeroDivisionError

    response = await client.post("/login", form=bob)
    assert response.headers["Location"] == "/profile"
    assert await is_logged_in(client)
    assert "a receiver of the signal logged-in failed" in caplog.text
