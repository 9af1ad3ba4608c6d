"""Forms take turns, so that neither pages nor other people's forms wait for all that one network sends."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from quart_auth_app.fair_queue import FairQueue

MAX_AT_ONCE = 32
"""Forms of one network that are under way at the same moment: more than the line for hashing has places for it on two
cores, so that people learn that the server is busy in place of waiting."""

MAX_WAITING = 1000
"""Forms of one network that wait for their turn; whoever comes later is refused."""

NO_TURN_PAUSE = 5.0
"""Seconds that those wait for the refusal: who got it at once would come again at once, by a connection more."""

REFUSED_PAUSE = 0.05
"""Seconds between two forms of networks whose forms are refused. At 5 ms each, that leaves nine tenths of the time to
everybody else; and who waits for an answer before sending the next form sends no more than that."""

MANY_REFUSED = 10
"""Refused forms of one network, less than FORGOTTEN_AFTER apart, from which on it has those pauses. People mistype."""

FORGOTTEN_AFTER = 1.0
"""Seconds without a refused form after which a network is as good as any other."""

MAX_REMEMBERED = 10_000
"""Networks whose refused forms are remembered."""


class NoTurn(Exception):
    """Too many of the network are waiting."""


@dataclass
class _Refused:
    number: int
    until: float
    """When it is forgotten, by the event loop's clock."""


class Turns:
    """Lets one form at a time begin, with all else that the event loop has to do between two of them.

    When a thousand forms arrive in the same instant, the loop would begin them all before it looks at anything else.
    Networks take turns, so that one that sends many waits for itself.
    """

    def __init__(self) -> None:
        self._refused: dict[str, _Refused] = {}
        self._waiting = FairQueue[str, asyncio.Future[None]]()
        self._under_way = Counter[str]()
        self._next: asyncio.Handle | None = None
        self._refused_may_at = 0.0
        """When a form of a refused network may begin, by the event loop's clock."""

    @asynccontextmanager
    async def turn(self, network: str) -> AsyncIterator[None]:
        """Wait until it is one's turn, and be under way until the end of the block. Raises NoTurn."""
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

    def note_refused(self, network: str) -> None:
        """Take note that a form of the network was refused, for whatever reason."""
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

    def _look_soon(self) -> None:
        if self._waiting and self._next is None:
            self._next = asyncio.get_running_loop().call_soon(self._give_one)

    def _give_one(self) -> None:
        self._next = None
        loop = asyncio.get_running_loop()
        pause = max(0.0, self._refused_may_at - loop.time())
        found = self._waiting.take(lambda network: self._may_begin(network, pause))
        if found:
            network, turn = found
            if not turn.done():  # else its client has left
                self._under_way[network] += 1
                turn.set_result(None)
                if self._has_pauses(network):
                    self._refused_may_at = loop.time() + REFUSED_PAUSE
            self._look_soon()
        elif self._waiting and pause:
            self._next = loop.call_later(pause, self._give_one)

    def _may_begin(self, network: str, pause: float) -> bool:
        return self._under_way[network] < MAX_AT_ONCE and not (pause and self._has_pauses(network))
