"""Which of several hosts gives the connection, and what becomes of the others."""

import asyncio

import pytest

from quart_auth_app.database import hosts


class Connection:
    """One that only knows whether it was ended."""

    is_ended = False

    def terminate(self) -> None:
        self.is_ended = True


class Hosts:
    """Some answer, some refuse, some never answer."""

    def __init__(self, **answers: Connection | Exception | None) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.given_up: list[str] = []
        self.all_asked = asyncio.Event()

    async def connect(self, host: str) -> Connection:
        self.asked.append(host)
        if len(self.asked) == len(self.answers):
            self.all_asked.set()
        answer = self.answers[host]
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.given_up.append(host)
                raise
        assert isinstance(answer, Connection)
        return answer

    async def first(self) -> object:
        return await hosts.first_connection(tuple(self.answers), self.connect, (OSError,))


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "HEAD_START", 0.01)
    monkeypatch.setattr(hosts, "ASK_AGAIN", 0.01)


async def test_the_first_host_is_asked_alone_where_it_answers() -> None:
    given = Connection()
    several = Hosts(first=given, second=Connection())
    assert await several.first() is given
    assert several.asked == ["first"]
    assert not given.is_ended


async def test_a_host_that_is_cut_off_costs_its_head_start_and_no_more() -> None:
    given = Connection()
    several = Hosts(lost=None, other=given, silent=None)
    assert await several.first() is given
    assert sorted(several.given_up) == ["lost", "silent"]


async def test_a_host_that_refuses_is_passed_over() -> None:
    given = Connection()
    assert await Hosts(refuses=OSError("refused"), copy=OSError("a copy"), primary=given).first() is given


async def test_a_copy_that_takes_the_place_of_a_silent_host_is_found_meanwhile() -> None:
    several = Hosts(lost=None, copy=OSError("a copy"))
    waiting = asyncio.ensure_future(several.first())
    await several.all_asked.wait()
    given = several.answers["copy"] = Connection()
    assert await asyncio.wait_for(waiting, 10) is given


async def test_where_none_can_be_had_each_says_why() -> None:
    refused, copy = OSError("refused"), OSError("a copy")
    assert await Hosts(refuses=refused, copy=copy).first() == [refused, copy]


async def test_of_two_that_answer_at_once_one_is_ended() -> None:
    both = Connection(), Connection()
    got = await Hosts(lost=None, one=both[0], two=both[1]).first()
    assert [each.is_ended for each in both] == [each is not got for each in both]


async def test_an_error_that_nobody_expects_is_raised_and_leaves_nothing_behind() -> None:
    several = Hosts(lost=None, other=KeyError("a mistake of ours"))
    with pytest.raises(KeyError):
        await several.first()
    assert several.given_up == ["lost"]


async def test_whoever_no_longer_waits_leaves_no_attempt_behind() -> None:
    several = Hosts(lost=None, silent=None)
    waiting = asyncio.ensure_future(several.first())
    await several.all_asked.wait()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert several.given_up == ["lost", "silent"]
