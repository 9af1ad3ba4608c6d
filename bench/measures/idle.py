"""Thousands of idle connections: how much memory each takes, and how long pages take meanwhile."""

import asyncio
import json
import resource
import tomllib
from pathlib import Path
from statistics import median

from bench import cores, memory, probe
from bench.http_client import read_answer, request
from bench.results import percentile
from bench.run import Run, warm
from bench.servers import Server
from tests.servers import CONFIG

AT_ONCE = 50
"""Connections that are opened at the same time; a server's queue for new ones holds a hundred."""

HOUR = 60 * 60
SPARE = 500
"""File descriptors beyond those of the connections."""

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def measure(run: Run) -> None:
    """Open the connections, request one page on each, and keep them open, without hypercorn.toml's limits of 15 s."""
    count = _with_descriptors(run.scale.idle_connections)
    keeping = [site for site in run.sites if site.subject.patient is not None]
    for site in run.rounds(run.scale.idle_rounds, keeping):
        _write_patient_config(site.folder / "patient.toml")
        with warm(site, cores.SERVER, run.scale, site.subject.patient or ()) as server, cores.load_on(cores.LOAD):
            asyncio.run(_measure(run, server, count))


async def _measure(run: Run, server: Server, count: int) -> None:
    before = memory.of_worker(server.pid)
    connections = await _open(server.port, count)
    each = (memory.of_worker(server.pid).rss - before.rss) / count
    pages = await probe.latencies(server.port, run.scale.idle_seconds)
    alive = sum(not reader.at_eof() for reader, _ in connections)
    for _, writer in connections:
        writer.close()
    run.results.add(
        "idle", server.site.subject.name, each=each, alive=alive, p50=median(pages), p99=percentile(pages, 99),
        max=max(pages),
    )  # fmt: skip


async def _open(port: int, count: int) -> list[Connection]:
    message = request("/", connection="keep-alive")
    gate = asyncio.Semaphore(AT_ONCE)

    async def one() -> Connection:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(message)
            await read_answer(reader)
            return reader, writer

    return await asyncio.gather(*(one() for _ in range(count)))


def _with_descriptors(count: int) -> int:
    """Raise the limit on open files for this process and its servers; return how many connections are possible."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + SPARE
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    return min(count, max(soft, most) - SPARE)


def _write_patient_config(path: Path) -> None:
    config = tomllib.loads(CONFIG.read_text()) | {"read_timeout": HOUR, "keep_alive_timeout": HOUR}
    # Strings, numbers, booleans and lists of them are written in TOML as they are in JSON.
    path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in config.items()))
