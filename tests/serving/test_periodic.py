"""Repeated work: how often it is done."""

import asyncio
import time

from quart_auth_app.serving.periodic import repeated


async def test_work_that_takes_more_than_its_share_of_the_time_is_done_less_often() -> None:
    begun, is_enough = list[float](), asyncio.Event()

    async def work() -> None:
        begun.append(time.monotonic())
        await asyncio.sleep(0.02)
        if len(begun) == 2:
            is_enough.set()

    async with repeated(work, every=0.01, share=0.1):
        await is_enough.wait()
    assert begun[1] - begun[0] >= 0.2
