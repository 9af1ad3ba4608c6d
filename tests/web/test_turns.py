"""Forms that arrive all at once begin one after the other, and pages go between them."""

import asyncio
import math
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from quart import Quart

from quart_auth_app.accounts.errors import TooBusy
from quart_auth_app.accounts.passwords.threads import Group, HashingThreads
from quart_auth_app.web.edge import bodies
from quart_auth_app.web.edge import turns as turns_module
from quart_auth_app.web.edge.turns import Turns
from tests.people import Client, elsewhere


@pytest.fixture(autouse=True)
def _no_round_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    # Some tests count rounds of the event loop, and on a busy machine any of them may be a long one.
    monkeypatch.setattr(turns_module, "LONG_ROUND", math.inf)


async def test_a_page_does_not_wait_for_all_forms_that_came_before_it(
    app: Quart, client: Client, bob: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = 0

    def full(_threads: HashingThreads, _group: Group) -> NoReturn:
        nonlocal begun
        begun += 1
        raise TooBusy(1)

    monkeypatch.setattr(HashingThreads, "insist_on_place", full)
    await client.get("/login")  # loads what is loaded once
    forms = [asyncio.create_task(app.test_client().post("/login", form=bob)) for _ in range(50)]
    await app.test_client().get("/login")
    assert begun < 10
    assert {response.status_code for response in await asyncio.gather(*forms)} == {503}
    assert begun == 50


async def test_turns_are_taken_in_order_and_by_who_is_still_there() -> None:
    turns, taken = Turns(), []

    async def take(number: int) -> None:
        async with turns.turn("here"):
            taken.append(number)

    tasks = [asyncio.create_task(take(number)) for number in range(5)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[3].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert taken == [1, 2, 4]


async def rounds_until_it_begins(turns: Turns) -> int:
    """Return how many rounds of the event loop a form waits for its turn."""
    rounds = 0

    async def one() -> None:
        async with turns.turn("here"):
            pass

    task = asyncio.create_task(one())
    while not task.done():
        await asyncio.sleep(0)
        rounds += 1
    return rounds


@pytest.mark.asvs("15.2.2")
async def test_while_the_rounds_of_the_event_loop_are_long_no_form_begins_but_after_many_one_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once = await rounds_until_it_begins(Turns())
    monkeypatch.setattr(turns_module, "LONG_ROUND", -1.0)
    assert await rounds_until_it_begins(Turns()) == at_once + turns_module.MOST_LONG_ROUNDS


async def begin_all(turns: Turns, networks: list[str], begun: list[str]) -> list[asyncio.Task[None]]:
    """Let forms of these networks arrive at once; each that has its turn stays under way."""

    async def one(network: str) -> None:
        async with turns.turn(network):
            begun.append(network)
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(one(network)) for network in networks]
    for _ in range(4 * len(networks)):
        await asyncio.sleep(0)
    return tasks


async def end_all(tasks: list[asyncio.Task[None]]) -> None:
    """Let all of them leave."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_networks_take_turns_however_many_forms_one_of_them_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    tasks = await begin_all(Turns(), ["crowd"] * 20 + ["owner"], begun)
    assert begun.index("owner") <= 1
    await end_all(tasks)


@pytest.mark.asvs("2.4.1", "15.2.2")
async def test_of_one_network_only_so_many_forms_are_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "MAX_AT_ONCE", 3)
    turns, begun = Turns(), list[str]()
    tasks = await begin_all(turns, ["crowd"] * 5, begun)
    tasks += await begin_all(turns, ["owner"], begun)
    assert begun == ["crowd"] * 3 + ["owner"]
    tasks[0].cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert begun.count("crowd") == 4, "one ended, one begins"
    await end_all(tasks)
    assert not turns._under_way


@pytest.mark.asvs("2.4.1", "15.2.2")
async def test_forms_of_refused_networks_begin_with_pauses_and_hold_nobody_else_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns_module, "REFUSED_PAUSE", 3600)
    monkeypatch.setattr(turns_module, "FORGOTTEN_AFTER", 3600)
    begun: list[str] = []
    turns = Turns()
    for network in ("flood", "another flood"):
        for _ in range(turns_module.MANY_REFUSED):
            turns.count_refused(network)
    for _ in range(turns_module.MANY_REFUSED - 1):
        turns.count_refused("who mistypes")
    arriving = ["flood"] * 9 + ["another flood", "owner", "owner", "who mistypes", "who mistypes"]
    tasks = await begin_all(turns, arriving, begun)
    assert sorted(begun) == ["flood", "owner", "owner", "who mistypes", "who mistypes"]
    await end_all(tasks)


async def test_refused_forms_are_forgotten_and_only_so_many_networks_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns_module, "MAX_REMEMBERED", 2)
    turns = Turns()
    for network in ("one", "two", "three"):
        turns.count_refused(network)
    assert list(turns._refused) == ["one", "two"]
    monkeypatch.setattr(turns_module, "FORGOTTEN_AFTER", -1.0)
    for _ in range(turns_module.MANY_REFUSED + 1):
        turns.count_refused("one")
    assert not turns._has_pauses("one")
    monkeypatch.undo()
    monkeypatch.setattr(turns_module, "MAX_REMEMBERED", 2)
    turns._refused["two"].until = 0.0
    turns.count_refused("three")
    assert list(turns._refused) == ["three"]


@pytest.mark.asvs("2.4.1", "15.2.2")
@pytest.mark.parametrize(
    ("path", "fields", "headers"),
    [
        ("/login", {"email": "bob@example.com"}, {}),
        ("/login", {"email": "bob@example.com", "password": "x"}, {"Sec-Fetch-Site": "cross-site"}),
        ("/signup", {"email": "bob@example.com", "name": "", "password": "x"}, {}),
        ("/no-such-page", {}, {}),
    ],
)
async def test_a_form_that_is_refused_for_whatever_reason_counts_as_refused(
    client: Client, monkeypatch: pytest.MonkeyPatch, path: str, fields: dict[str, str], headers: dict[str, str]
) -> None:
    noted: list[str] = []
    monkeypatch.setattr(Turns, "count_refused", lambda _turns, network: noted.append(network))
    await client.post(path, form=fields, headers=headers, **elsewhere())
    assert len(noted) == 1
    await client.post(path, form=fields, headers=headers)
    assert len(noted) == 1, "who has no address can't be told from anybody else"


@pytest.mark.asvs("2.4.1", "15.2.2")
async def test_guesses_at_a_full_account_count_as_refused_and_what_is_answered_does_not(
    client: Client, bob: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses = [(await client.post("/login", form=bob | {"password": "x"})).status_code for _ in range(6)]
    noted: list[str] = []
    monkeypatch.setattr(Turns, "count_refused", lambda _turns, network: noted.append(network))
    statuses.append((await client.post("/login", form=bob, **elsewhere())).status_code)
    assert statuses[-2:] == [429, 429]
    assert len(noted) == 1
    await client.get("/no-such-page", **elsewhere())
    await client.post("/language", form={"language": "en"}, **elsewhere())
    assert len(noted) == 1


@pytest.mark.asvs("2.4.1", "15.2.2")
async def test_who_comes_when_too_many_of_the_network_wait_is_refused_after_a_while(
    app: Quart, client: Client, bob: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns_module, "MAX_WAITING", 0)
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(turns_module, "asyncio", SimpleNamespace(sleep=sleep))
    response = await client.post("/login", form=bob)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "60")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert waited == [turns_module.NO_TURN_PAUSE]
    assert (await client.get("/login")).status_code == 200


@pytest.mark.asvs("15.2.2")
async def test_forms_whose_bodies_take_long_hold_nobody_up(
    app: Quart, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns_module, "MAX_AT_ONCE", 1)
    app.config["BODY_TIMEOUT"] = None
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    async with app.test_client().request("/login", method="POST", headers=kind) as slow:
        await slow.send(b"email=")
        async with asyncio.timeout(60):
            assert (await client.post("/no-such-page")).status_code == 404
        await slow.send_complete()


@pytest.mark.asvs("15.2.2")
async def test_a_body_that_does_not_arrive_in_time_is_answered_and_the_connection_ends(app: Quart) -> None:
    app.config["BODY_TIMEOUT"] = 0.01
    scope: Any = {"type": "http", "method": "POST", "path": "/login", "client": ("192.0.2.1", 1)}
    scope["headers"] = [(b"content-type", b"application/json")]
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(event: Any) -> None:
        sent.append(event)

    await app.asgi_app(scope, receive, send)
    headers = dict(sent[0]["headers"])
    assert (sent[0]["status"], headers[b"connection"], headers[b"x-content-type-options"]) == (
        408,
        b"close",
        b"nosniff",
    )
    assert sent[1]["body"] == b"Request Timeout"


async def test_a_body_that_has_arrived_is_given_once_more_and_a_long_one_is_not_kept() -> None:
    parts = [{"type": "http.request", "body": b"x" * 40_000, "more_body": True} for _ in range(4)]
    coming = iter([*parts, {"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        return next(coming)

    form = (b"content-type", b"multipart/form-data; boundary=x")
    scope: Any = {"headers": [form, (b"content-length", b"65537")]}
    assert await bodies.arrived(scope, receive, within=None) is receive
    scope["headers"] = [(b"content-type", b"image/png")]
    assert await bodies.arrived(scope, receive, within=None) is receive
    scope["headers"] = [form]
    again = await bodies.arrived(scope, receive, within=None)
    assert len([*coming]) == 3, "two are more than MOST"
    coming = iter([parts[2]])
    assert [await again(), await again(), await again()] == [parts[0], parts[1], parts[2]]
