"""One throttled address that goes on guessing on many connections: people elsewhere must still be able to log in.

`python -m attacks.flooding --connections 1000 --owners 100` measures it by hand, with --postgresql on that too.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attacks.attack import Verdict
from attacks.browser import post
from attacks.guessing import BOB, is_in, sign_up
from attacks.victims import OURS, Site, Victim, processor_seconds, started, stop

CONNECTIONS = 200
OWNERS = 20
PROMPT = 2.0
"""Seconds within which an owner has to be logged in."""
BETWEEN = 0.2
"""Seconds between two owners."""
ONSET = 2.0
"""Seconds from the start of the flood until the first owner logs in."""
ALONE = 10.0
"""Seconds for which the flood is measured without owners."""


async def run(site: Site, *, connections: int = CONNECTIONS, owners: int = OWNERS) -> Verdict:
    """Count the owners who are logged in within PROMPT; one in twenty may be late, as machines are noisy."""
    people = await _signed_up(site, owners)
    async with _flooded(site, connections):
        took = [await _log_in(site, *each) for each in people.items()]
    within = sum(seconds <= PROMPT for seconds in took)
    finding = f"{within} of {owners} owners get in within {PROMPT:g} s; {_shares(took)}"
    return Verdict(within < owners * 0.95, site.statuses().count(429) or connections, finding)


async def _signed_up(site: Site, owners: int) -> dict[str, dict[str, str]]:
    """Return people, by the IP address from which each logs in."""
    people = {f"127.0.3.{number + 1}": BOB | {"email": f"owner{number}@example.com"} for number in range(owners)}
    for source, person in people.items():
        await sign_up(site, person, source=source)
    return people


@asynccontextmanager
async def _flooded(site: Site, connections: int) -> AsyncIterator[int]:
    """Flood the site until the end of the block. Gives the number of the process that does it."""
    flood = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "attacks.flood", str(site.port), str(connections), start_new_session=True
    )
    try:
        await asyncio.sleep(ONSET)
        yield flood.pid
    finally:
        await stop(flood)


async def _log_in(site: Site, source: str, person: dict[str, str]) -> float:
    """Return the seconds that it took, infinitely many if it was refused."""
    await asyncio.sleep(BETWEEN)
    start = time.monotonic()
    answer = await post(site, "/login", person, source=source)
    return time.monotonic() - start if is_in(answer) else float("inf")


def _shares(took: list[float]) -> str:
    return ", ".join(
        f"p{percent} {sorted(took)[min(len(took) - 1, len(took) * percent // 100)]:.2f} s" for percent in (50, 99)
    )


async def _measure(victim: Victim, connections: int, owners: int, *, postgresql: str | None) -> None:
    """Print how long owners take without and under the flood, and what it costs the server and the attacker."""
    async with started(victim, postgresql=postgresql) as site:
        people = await _signed_up(site, owners)
        print("no flood:", _shares([await _log_in(site, *each) for each in people.items()]))
        async with _flooded(site, connections) as flood:
            print(f"{connections} connections: {await _costs(site, flood)}; load {os.getloadavg()[0]:.1f}")
            took = [await _log_in(site, *each) for each in people.items()]
    print(f"under the flood: {sum(each <= PROMPT for each in took)} of {owners} within {PROMPT:g} s; {_shares(took)}")


async def _costs(site: Site, flood: int) -> str:
    served, sent = processor_seconds(site.process), processor_seconds(flood)
    refused, start = site.statuses().count(429), time.monotonic()
    await asyncio.sleep(ALONE)
    refused, seconds = site.statuses().count(429) - refused, time.monotonic() - start
    served, sent = processor_seconds(site.process) - served, processor_seconds(flood) - sent
    return (
        f"{refused / seconds:.0f} refusals a second cost the server {served / seconds:.0%} of a core "
        f"({1000 * served / max(1, refused):.1f} ms each), the attacker {sent / seconds:.0%}"
    )


def main() -> None:
    """Measure once, and print it."""
    parser = argparse.ArgumentParser(prog="python -m attacks.flooding", description=__doc__)
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("--owners", type=int, default=100)
    parser.add_argument("--postgresql", metavar="URL", help="a server to make a database on, in place of SQLite")
    parser.add_argument("--unprotected", action="store_true", help="attack the build that is broken on purpose")
    arguments = parser.parse_args()
    from attacks.plan import FIRST_COME

    victim = FIRST_COME if arguments.unprotected else OURS
    asyncio.run(_measure(victim, arguments.connections, arguments.owners, postgresql=arguments.postgresql))


if __name__ == "__main__":
    main()
