"""Log-ins per second, and how many hashes the machine can check if it does nothing else."""

import asyncio
import subprocess

from bench import clients, cores
from bench.run import Run, warm
from bench.subjects import PEERS_PYTHON, ROOT, Hash, Site

CLIENTS = 16


def measure(run: Run) -> None:
    """Let each server use all cores, as in production."""
    firsts: dict[Hash | None, Site] = {}
    for site in run.with_hashes():
        firsts.setdefault(site.subject.hash, site)
    for site in run.rounds(run.scale.hash_rounds, run.with_hashes()):
        own = site.subject.hash
        if own and firsts[own] is site:
            # Right before the first server with this hash, because the machine's speed changes within a round.
            run.results.add("log-ins", own.alone, rate=_alone(own, run.scale.log_in_seconds))
        with warm(site, cores.ALL, run.scale) as server:
            storm = asyncio.run(
                clients.storm(server, clients=CLIENTS, seconds=run.scale.log_in_seconds, users=run.scale.users)
            )
        run.results.add("log-ins", site.subject.name, rate=storm.per_second, lost=storm.lost)


def _alone(own: Hash, seconds: float) -> float:
    command = [*cores.on(cores.ALL), PEERS_PYTHON, "-m", "bench.limits.bare_hash", str(seconds), own.function]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
