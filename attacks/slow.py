"""slowhttptest: two hundred connections that send a few bytes every few seconds."""

import asyncio
import re
import time
from contextlib import suppress

from attacks import tools
from attacks.attack import Verdict
from attacks.browser import send
from attacks.victims import Site

CONNECTIONS = 200
DURATION = 30
"""Seconds; hypercorn.toml and BODY_TIMEOUT end every such connection in half of that."""
PROMPT = 1.0
"""Seconds within which everybody else must get the home page, at any time during the attack."""

OPEN = re.compile(r"connected:\s+(\d+)")
"""What slowhttptest prints every few seconds; the last one comes after it has closed all connections itself."""


async def headers(site: Site) -> Verdict:
    """Headers that never end (Slowloris)."""
    return await _run(site, "-H", "-u", site.url("/"))


async def body(site: Site) -> Verdict:
    """A log-in form that never ends (R-U-Dead-Yet)."""
    return await _run(site, "-B", "-s", "4000", "-u", site.url("/login"))


async def _run(site: Site, *mode: str) -> Verdict:
    watching = asyncio.create_task(watch(site))
    output = await tools.run(
        site.folder, "slowhttptest", *mode, "-c", str(CONNECTIONS), "-r", "100", "-i", "3", "-l", str(DURATION)
    )
    slowest = await stop_watching(watching)
    dropped = "No open connections left" in output
    most = max(map(int, OPEN.findall(output)), default=0)
    finding = "all dropped" if dropped else f"not dropped within {DURATION} s"
    return Verdict(not dropped or slowest > PROMPT, most, f"{finding}; / in at most {slowest * 1000:.0f} ms")


async def watch(site: Site) -> float:
    """Fetch the home page until cancelled; return the seconds that the slowest took, infinite if one never came."""
    slowest = 0.0
    with suppress(asyncio.CancelledError):
        while True:
            start = time.monotonic()
            answer = await send(site, "GET", "/")
            slowest = max(slowest, time.monotonic() - start if answer.status == 200 else float("inf"))
            await asyncio.sleep(0.2)
    return slowest


async def stop_watching(watching: "asyncio.Task[float]") -> float:
    """End `watch` and return its result."""
    watching.cancel()
    return await watching
