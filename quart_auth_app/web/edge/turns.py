"""Lets forms take turns by network, so that one network's many forms delay neither pages nor other people's forms."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from quart_auth_app.fair_queue import FairQueue

MAX_AT_ONCE = 32
"""Forms of one network that are handled at the same time. It is more than one network's places in the queue for hashing
on two cores, so that people are told that the server is busy instead of waiting."""

MAX_WAITING = 1000
"""Forms of one network that may wait for their turn; further ones are refused."""

NO_TURN_PAUSE = 5.0
"""Seconds before that refusal is sent: a client that got it at once would try again at once."""

REFUSED_PAUSE = 0.05
"""Seconds between two forms of networks whose forms are refused. At 5 ms for each form, that leaves nine tenths of the
time to everybody else. A client that waits for each answer can't send faster than that anyway."""

MANY_REFUSED = 10
"""Refused forms of one network, less than FORGOTTEN_AFTER apart, before the pauses begin: people mistype."""

LONG_ROUND = 0.001
"""Seconds. While a round of the event loop takes longer, the forms under way keep it busy, and no further one begins. A
page on a new connection takes some 20 rounds, so its answer comes 20 times as late as a round is long."""

MOST_LONG_ROUNDS = 16
"""Long rounds after which the next form begins all the same: pages alone can keep the loop busy all the time."""

FORGOTTEN_AFTER = 1.0
"""Seconds without a refused form after which a network's refusals are forgotten."""

MAX_REMEMBERED = 10_000
"""How many networks' refused forms are remembered."""


class NoTurn(Exception):
    """Too many forms of the network are waiting."""


@dataclass
class _Refused:
    number: int
    until: float
    """When the refusals are forgotten, by the event loop's clock."""


class Turns:
    """Starts one form at a time, and lets the event loop do its other work between two of them.

    If a thousand forms arrived at the same moment, the loop would otherwise start them all before anything else.
    Networks take turns, so that a network with many forms waits only for itself.
    """

    def __init__(self) -> None:
        self._refused: dict[str, _Refused] = {}
        self._waiting = FairQueue[str, asyncio.Future[None]]()
        self._under_way = Counter[str]()
        self._next: asyncio.Handle | None = None
        self._refused_may_at = 0.0
        """When the next form of networks with pauses may begin, by the event loop's clock."""

    @asynccontextmanager
    async def turn(self, network: str) -> AsyncIterator[None]:
        """Wait for the turn of a form of this network; the block handles it. Raises NoTurn."""
        if self._waiting.waiting(network) >= MAX_WAITING:
            await asyncio.sleep(NO_TURN_PAUSE)
            raise NoTurn
        mine = asyncio.get_running_loop().create_future()
        self._waiting.put(network, mine)
        self._look_soon()
        try:
            await mine
            yield
        finally:
            if mine.done() and not mine.cancelled():
                self._end(network)

    def count_refused(self, network: str) -> None:
        """Count a refused form of the network, whatever the reason."""
        now = asyncio.get_running_loop().time()
        if len(self._refused) >= MAX_REMEMBERED:
            self._refused = {each: refused for each, refused in self._refused.items() if now < refused.until}
        before = self._refused.get(network)
        if before or len(self._refused) < MAX_REMEMBERED:
            number = before.number if before and now < before.until else 0
            self._refused[network] = _Refused(number + 1, now + FORGOTTEN_AFTER)

    def _has_pauses(self, network: str) -> bool:
        refused = self._refused.get(network)
        now = asyncio.get_running_loop().time()
        return refused is not None and refused.number >= MANY_REFUSED and now < refused.until

    def _end(self, network: str) -> None:
        self._under_way[network] -= 1
        if not self._under_way[network]:
            del self._under_way[network]
        self._look_soon()

    def _look_soon(self, long_rounds: int = 0) -> None:
        if self._waiting and self._next is None:
            loop = asyncio.get_running_loop()
            self._next = loop.call_soon(self._look, loop.time(), long_rounds)

    def _look(self, last_round: float, long_rounds: int) -> None:
        self._next = None
        is_long = asyncio.get_running_loop().time() - last_round > LONG_ROUND
        if is_long and long_rounds < MOST_LONG_ROUNDS:
            self._look_soon(long_rounds + 1)
        else:
            self._give_one()

    def _give_one(self) -> None:
        self._next = None
        loop = asyncio.get_running_loop()
        pause = max(0.0, self._refused_may_at - loop.time())
        found = self._waiting.take(lambda network: self._may_begin(network, pause))
        if found:
            network, turn = found
            if not turn.done():  # otherwise the client has hung up
                self._under_way[network] += 1
                turn.set_result(None)
                if self._has_pauses(network):
                    self._refused_may_at = loop.time() + REFUSED_PAUSE
            self._look_soon()
        elif self._waiting and pause:
            self._next = loop.call_later(pause, self._give_one)

    def _may_begin(self, network: str, pause: float) -> bool:
        return self._under_way[network] < MAX_AT_ONCE and not (pause and self._has_pauses(network))
