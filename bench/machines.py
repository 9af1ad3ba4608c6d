"""One to four machines of the application at one database, behind PgBouncer: `python -m bench.machines`, five minutes.

All machines share a core here. So it compares the processor time that a request takes in its server's processes, when
one, two, three or four machines are in use. They answer one after the other: at the same time they would empty each
other's caches, which machines with cores of their own don't. Then many people log in at one machine at once, while
pages are requested from another one, on another core.
"""

import argparse
import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench import clients, cores, postgres, probe
from bench.nodes import MOST, USERS, Connections, Nodes, clients_of, milliseconds, running
from bench.results import percentile
from tests.postgres import pgbouncer

NUMBERS = range(1, MOST + 1)
POOL = 20
"""Connections that PgBouncer opens to a database: its default."""

PAGES, LOG_INS, CHEAP_LOG_INS = 200, 3, 30
"""How many of each a machine handles in a turn: so many that the coarse clock of processor time doesn't matter."""

STORM = 16
"""People who log in at once."""

STORM_HEADER = """
| Page, and hashes of the other machine | Log-ins a second | ms of a processor | in the storm | p99, ms | in the storm |
|---|---:|---:|---:|---:|---:|"""

Found = dict[tuple[str, int], list[float]]
"""Milliseconds of processor time that a request took, by the kind of request and the number of machines."""


def compare(usual: Nodes, cheap: Nodes, rounds: int) -> Found:
    """Measure with one, two, three, four machines, then with four, three, two, one."""
    found: Found = defaultdict(list)
    for number in [*NUMBERS, *reversed(NUMBERS)] * rounds:
        for path in ("/", "/profile"):
            found[f"`{path}`", number].append(usual.pages(path, number, PAGES))
        found["a log-in", number].append(usual.log_ins(number, LOG_INS))
        found["a log-in with the cheapest hash", number].append(cheap.log_ins(number, CHEAP_LOG_INS))
    return found


def table(found: Found) -> Iterator[str]:
    """Yield the lines of the first table: medians, and their ratio to one machine."""
    yield "| ms of a processor for | 1 machine |" + "".join(f" {number} machines |" for number in NUMBERS[1:])
    yield "|---|" + "---:|" * MOST
    for thing in dict.fromkeys(thing for thing, _ in found):
        taken = [median(found[thing, number]) for number in NUMBERS]
        yield f"| {thing} | {taken[0]:.2f} |" + "".join(f" {each:.2f} ({each / taken[0]:.2f}) |" for each in taken[1:])


@dataclass
class Neighbour:
    """Measures a machine's pages while another machine has a storm of log-ins, or none."""

    latencies: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    log_ins: list[float] = field(default_factory=list)
    """In a second, at the other machine."""

    def add(self, nodes: Nodes, path: str, seconds: int, storm: int) -> None:
        """Request a page at fixed times, while `storm` people log in at the other machine."""

        async def ask() -> None:
            pages = probe.latencies(nodes.apart.port, seconds, path, nodes.cookies)
            if storm:
                stormed = clients.storm(nodes.sharing[0], clients=storm, seconds=seconds, users=USERS)
                asked, found = await asyncio.gather(pages, stormed)
                self.log_ins.append(found.per_second)
            else:
                asked = await pages
            self.latencies += asked

        def ask_and_count() -> int:
            before = len(self.latencies)
            asyncio.run(ask())
            return len(self.latencies) - before

        self.costs.append(milliseconds([nodes.apart], ask_and_count))


def beside_a_storm(name: str, nodes: Nodes, rounds: int, seconds: int) -> Iterator[str]:
    """Yield the lines of the second table for one kind of hash."""
    for path in ("/", "/profile"):
        quiet, stormy = Neighbour(), Neighbour()
        for storm in [0, STORM, STORM, 0] * rounds:
            (stormy if storm else quiet).add(nodes, path, seconds, storm)
            nodes.sharing[0].wait_until_idle()
        p99 = [1000 * percentile(each.latencies, 99) for each in (quiet, stormy)]
        costs = [median(each.costs) for each in (quiet, stormy)]
        spent = f"{costs[0]:.2f} | {costs[1]:.2f} ({costs[1] / costs[0]:.2f})"
        yield f"| `{path}`, {name} | {median(stormy.log_ins):.1f} | {spent} | {p99[0]:.0f} | {p99[1]:.0f} |"


def measure(folder: Path, rounds: int, seconds: int) -> Iterator[str]:
    """Yield the lines of the report."""
    with ExitStack() as stack:
        pooler = stack.enter_context(pgbouncer(postgres.SERVER, POOL))
        cores.prefer_load()
        usual, cheap = (
            stack.enter_context(running(folder / name, postgres.create(name), pooler, cheap=name == "cheap"))
            for name in ("usual", "cheap")
        )
        with Connections() as connections:
            yield from table(compare(usual, cheap, rounds))
            yield STORM_HEADER
            yield from beside_a_storm("usual hashes", usual, max(1, rounds // 2), seconds)
            yield from beside_a_storm("cheapest hashes", cheap, max(1, rounds // 2), seconds)
        opened = clients_of(pooler)
    yield f"\n{opened} connections from five machines to PgBouncer, {connections.most} of {POOL} to the database"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.machines", description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=6, help="for each measurement with or without a storm")
    arguments = parser.parse_args()
    begin, load = time.monotonic(), os.getloadavg()
    with TemporaryDirectory(prefix="bench-") as folder, postgres.dropped_afterwards():
        for line in measure(Path(folder), arguments.rounds, arguments.seconds):
            print(line, flush=True)
    print(f"{time.monotonic() - begin:.0f} s; load {load[0]:.1f} before, {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
