"""More idle connections than a process has file descriptors: pages must still be served."""

import asyncio
import resource
import time
from contextlib import suppress

from attacks.attack import Verdict
from attacks.browser import send
from attacks.victims import Site

CONNECTIONS = 4200
DESCRIPTORS = 4096
"""More than the 1,024 that systemd allows by default, because asyncio accepts as many connections at once as
the backlog of hypercorn.toml says."""
PROMPT = 2.0
"""Seconds within which a page has to be loaded."""
MOST_LOGGED = 100_000
"""Bytes that the log may have."""


async def run(site: Site) -> Verdict:
    """Open the connections, ask for a page every now and then, and check how large the log has become."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    before, writers = len(site.log), list[asyncio.StreamWriter]()
    for _ in range(CONNECTIONS):
        try:
            writers.append((await asyncio.wait_for(asyncio.open_connection("127.0.0.1", site.port), 1))[1])
        except (OSError, TimeoutError):
            await asyncio.sleep(0.1)  # the server is accepting as many as it can at the moment
    try:
        slowest, served = 0.0, 0
        for _ in range(10):
            start = time.monotonic()
            with suppress(TimeoutError):
                served += (await asyncio.wait_for(send(site, "GET", "/healthz"), PROMPT)).status == 200
            slowest = max(slowest, time.monotonic() - start)
    finally:
        for writer in writers:
            writer.transport.abort()
    await asyncio.sleep(0.5)
    logged = len(site.log) - before
    finding = f"{served} of 10 pages served, the slowest after {slowest:.1f} s; {logged // 1000} kB of log"
    return Verdict(served < 10 or logged > MOST_LOGGED, len(writers) + 10, finding)
