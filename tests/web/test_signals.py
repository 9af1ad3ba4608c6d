"""Signals: a site hears what happens to accounts, after it has happened."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from quart import Quart

from quart_auth_app import User, reading, signals
from quart_auth_app.accounts import deletion, users
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import DeletedUser
from quart_auth_app.operations import housekeeping
from tests.conftest import MakeApp
from tests.inbox import Inbox
from tests.people import BOB, Client, Clock, is_logged_in


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


async def test_an_answered_sign_up_is_announced(make_app: MakeApp, inbox: Inbox) -> None:
    app = make_app(MAIL_URL=inbox.url)
    heard: list[str] = []

    @signals.signed_up.connect_via(app)
    async def note(_sender: Quart, *, user: User, **_: object) -> None:
        heard.append(user.email)

    client = app.test_client()
    await client.post("/signup", form=BOB)
    assert heard == []
    await client.post("/signup/code", form={"code": inbox.code(BOB["email"])})
    assert heard == [BOB["email"]]


async def test_a_new_password_is_announced(app: Quart, client: Client, bob: dict[str, str]) -> None:
    heard: list[int] = []

    @signals.password_changed.connect_via(app)
    async def note(_sender: Quart, *, user_id: int, **_: object) -> None:
        heard.append(user_id)

    await client.post("/login", form=bob)
    form = {"current_password": bob["password"], "password": "windy marble copper 9"}
    await client.post("/account/password", form=form | {"current_password": "wrong"})
    assert heard == []
    await client.post("/account/password", form=form)
    assert heard == [1]


async def test_a_receiver_adds_to_the_download_and_one_that_fails_refuses_it(
    app: Quart, client: Client, bob: dict[str, str]
) -> None:
    orders = ["soup"]

    @signals.exporting.connect_via(app)
    async def add(_sender: Quart, *, everything: dict[str, object], **_: object) -> None:
        everything["last_order"] = orders[-1]

    await client.post("/login", form=bob)
    assert (await (await client.post("/account/export")).get_json())["last_order"] == "soup"
    orders.clear()
    assert (await client.post("/account/export")).status_code == 500


async def asked_for_it(client: Client, bob: dict[str, str], database: Database, time: Clock) -> None:
    """Let Bob ask for the deletion of his account, and his grace pass."""
    await client.post("/login", form=bob)
    await client.post("/account/delete")
    time.advance(deletion.GRACE - deletion.WARNING)
    await housekeeping.keep_house(database, now=time.now)
    time.advance(deletion.WARNING)


async def by_an_operator(_client: Client, _bob: dict[str, str], database: Database, _time: Clock) -> None:
    """Delete Bob's account as the command does."""
    async with database.transaction() as db:
        await users.delete_user(db, user=await db.get_one(User, 1))


@pytest.mark.parametrize("deleted", [asked_for_it, by_an_operator])
async def test_a_deleted_account_is_announced_once_by_the_server(
    app: Quart,
    client: Client,
    bob: dict[str, str],
    database: Database,
    time: Clock,
    deleted: Callable[[Client, dict[str, str], Database, Clock], Awaitable[None]],
) -> None:
    heard: asyncio.Queue[int] = asyncio.Queue()
    await deleted(client, bob, database, time)
    async with app.test_app():  # with no receiver there is nothing to announce
        pass

    @signals.deleted.connect_via(app)
    async def note(_sender: Quart, *, user_id: int, **_: object) -> None:
        heard.put_nowait(user_id)

    async with app.test_app():
        assert await asyncio.wait_for(heard.get(), 60) == 1
    time.advance(2 * deletion.LEASE)
    async with app.test_app():
        pass
    assert heard.empty()


async def test_a_server_that_is_killed_while_it_announces_leaves_it_to_another(
    database: Database, client: Client, bob: dict[str, str], time: Clock
) -> None:
    await by_an_operator(client, bob, database, time)

    async def unannounced() -> list[int]:
        async with database.transaction() as db:
            return list(await deletion.unannounced(db, now=time.now))

    assert [await unannounced() for _ in range(2)] == [[1], []]
    time.advance(deletion.LEASE)
    assert [await unannounced() for _ in range(2)] == [[1], []]
    time.advance(-timedelta(days=1))  # the clock was ahead
    assert await unannounced() == [1]


async def test_who_a_backup_brings_back_is_announced_again(
    database: Database, client: Client, bob: dict[str, str], time: Clock
) -> None:
    async with database.transaction() as db:
        db.add(DeletedUser(id=1, at=time.now))
    await housekeeping.keep_house(database, now=time.now)
    async with database.transaction() as db:
        assert await deletion.unannounced(db, now=time.now) == [1]


async def test_a_change_of_address_and_a_deletion_are_announced(
    app: Quart, client: Client, bob: dict[str, str]
) -> None:
    heard: list[object] = []
    for signal in (signals.email_changed, signals.deletion_asked, signals.deletion_cancelled):

        @signal.connect_via(app)
        def note(_sender: Quart, *, user_id: int, name: str = signal.name, **_: object) -> None:
            heard.append((name, user_id))

        signals_kept.append(note)
    await client.post("/login", form=bob)
    await client.post("/account/email", form={"email": "bob@new.example"})
    await client.post("/account/delete")
    await client.post("/login", form=bob | {"email": "bob@new.example"})
    await client.post("/account/delete/cancel")
    assert heard == [("email-changed", 1), ("deletion-asked", 1), ("deletion-cancelled", 1)]


signals_kept: list[object] = []
"""Receivers made in a loop, which blinker holds only weakly."""
