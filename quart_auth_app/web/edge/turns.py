"""Forms take turns, so that pages don't wait for all of them."""

import asyncio


class Turns:
    """Lets one at a time begin, with all else that the event loop has to do between two of them.

    When 200 people send their log-in forms in the same instant, the loop would begin them all before it looks at
    anything else: a page that comes in then would wait for each of them to be refused.
    """

    def __init__(self) -> None:
        self._next = asyncio.Lock()

    async def take(self) -> None:
        """Wait until it is one's turn: first come, first served."""
        async with self._next:
            await asyncio.sleep(0)
