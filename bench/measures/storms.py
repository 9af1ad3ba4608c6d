"""Storms: how long the home page takes while many clients log in at once."""

import asyncio
from statistics import median

from bench import clients, cores, probe
from bench.clients import Storm
from bench.results import percentile
from bench.run import Run, warm


def of_16(run: Run) -> None:
    """Measure with as many clients as after an announcement."""
    _measure(run, "storm-16", 16)


def of_200(run: Run) -> None:
    """Measure with more clients than can be served: some have to be refused, and quickly."""
    _measure(run, "storm-200", 200)


def _measure(run: Run, name: str, count: int) -> None:
    for site in run.rounds(run.scale.hash_rounds, run.with_hashes()):
        with warm(site, cores.ALL, run.scale) as server:
            seconds = run.scale.storm_seconds
            storming = clients.storm(server, clients=count, seconds=seconds, users=run.scale.users)
            storm, pages = asyncio.run(_both(storming, probe.latencies(server.port, seconds)))
        run.results.add(
            name, site.subject.name, p50=median(pages), p99=percentile(pages, 99), max=max(pages),
            rate=storm.per_second, refused=len(storm.refused), slowest=storm.slowest_refusal, lost=storm.lost,
        )  # fmt: skip


async def _both(
    storm: "asyncio._CoroutineLike[Storm]", pages: "asyncio._CoroutineLike[list[float]]"
) -> tuple[Storm, list[float]]:
    return await asyncio.gather(storm, pages)
