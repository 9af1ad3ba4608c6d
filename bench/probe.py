"""Page latency as people see it: pages are requested at fixed times, even if the earlier ones are late."""

import asyncio
import math
import time
from collections.abc import Mapping

from bench.http_client import fetch, request

EVERY = 0.02
"""Seconds between two pages. They take a few per cent of a core."""


async def latencies(
    port: int, seconds: float, path: str = "/", headers: Mapping[str, str] | None = None
) -> list[float]:
    """Return the seconds of each page since it was due; infinity if there was no answer or a wrong one."""
    message = request(path, headers=headers)
    begin = time.perf_counter()
    asked = []
    for number in range(int(seconds / EVERY)):
        due = begin + number * EVERY
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        asked.append(asyncio.create_task(fetch(port, message, since=due)))
    answers = await asyncio.gather(*asked)
    return [answer.seconds if answer.status == 200 else math.inf for answer in answers]
