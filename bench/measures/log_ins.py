"""Log-ins per second, and how many hashes the machine could check if there were nothing else to do."""

import asyncio
import subprocess
import sys

from bench import clients, cores
from bench.run import Run, warm
from bench.subjects import BARE_BCRYPT, OURS, ROOT

CLIENTS = 16


def measure(run: Run) -> None:
    """Let each server use all cores, as it would in life."""
    for site in run.rounds(run.scale.hash_rounds, run.with_accounts()):
        if site.subject is OURS:
            # Right before ours, which comes first: the machine's speed drifts within a round.
            run.results.add("log-ins", BARE_BCRYPT, rate=_bare_bcrypt(run.scale.log_in_seconds))
        with warm(site, cores.ALL, run.scale) as server:
            storm = asyncio.run(
                clients.storm(server, clients=CLIENTS, seconds=run.scale.log_in_seconds, users=run.scale.users)
            )
        run.results.add("log-ins", site.subject.name, rate=storm.per_second, lost=storm.lost)


def _bare_bcrypt(seconds: float) -> float:
    command = [*cores.on(cores.ALL), sys.executable, "-m", "bench.limits.bare_bcrypt", str(seconds)]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
