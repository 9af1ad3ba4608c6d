"""Page latency as a person meets it: pages are asked for at fixed times, however late the earlier ones are."""

import asyncio
import math
import time
from collections.abc import Mapping

from bench.http_client import fetch, request

EVERY = 0.02
"""Seconds between two pages: some per cent of what a core can serve."""


async def latencies(
    port: int, seconds: float, path: str = "/", headers: Mapping[str, str] | None = None
) -> list[float]:
    """Return the seconds that each page took, counted from when it was due; infinity is no answer or a wrong one."""
    message = request(path, headers=headers)
    begin = time.perf_counter()
    asked = []
    for number in range(int(seconds / EVERY)):
        due = begin + number * EVERY
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        asked.append(asyncio.create_task(fetch(port, message, since=due)))
    answers = await asyncio.gather(*asked)
    return [answer.seconds if answer.status == 200 else math.inf for answer in answers]
