"""Forms that arrive all at once begin one after the other, and pages go between them."""

import asyncio
from typing import NoReturn

import pytest
from quart import Quart

from quart_auth_app.accounts.errors import TooBusy
from quart_auth_app.accounts.passwords import Passwords
from quart_auth_app.web.edge.turns import Turns
from tests.people import Client


async def test_a_page_does_not_wait_for_all_forms_that_came_before_it(
    app: Quart, client: Client, bob: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = 0

    def full(_passwords: Passwords) -> NoReturn:
        nonlocal begun
        begun += 1
        raise TooBusy(1)

    monkeypatch.setattr(Passwords, "place_in_line", full)
    await client.get("/login")  # loads what is loaded once
    forms = [asyncio.create_task(app.test_client().post("/login", form=bob)) for _ in range(50)]
    await app.test_client().get("/login")
    assert 0 < begun < 10
    assert {response.status_code for response in await asyncio.gather(*forms)} == {503}
    assert begun == 50


async def test_turns_are_taken_in_order_and_by_who_is_still_there() -> None:
    turns, taken = Turns(), []

    async def take(number: int) -> None:
        await turns.take()
        taken.append(number)

    tasks = [asyncio.create_task(take(number)) for number in range(5)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[3].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert taken == [1, 2, 4]
