"""Pages per second on one core; and, as the servers start and end anyway, how fast they start and what they take."""

import asyncio

from bench import cores, memory, wrk
from bench.http_client import cookie_header, fetch, request
from bench.run import Run, cookies_of, warm
from bench.servers import Server


def measure(run: Run) -> None:
    """Start each server on its core, and ask for each page from another core."""
    for site in run.rounds(run.scale.page_rounds, run.sites):
        with warm(site, cores.SERVER, run.scale) as server:
            header = cookie_header(asyncio.run(cookies_of(server, 1))) if site.subject.log_in else {}
            for path in site.subject.pages:
                own = header if path == "/profile" else {}
                rate = wrk.requests_per_second(
                    server.port, path, run.scale.page_seconds, site.folder, list(own.values())
                )
                size = len(asyncio.run(fetch(server.port, request(path, headers=own))).body)
                run.results.add("pages", site.subject.name, **{path: rate, f"{path} bytes": size})
            _add_rest(run, server)


def _add_rest(run: Run, server: Server) -> None:
    worker = memory.of_worker(server.pid)
    run.results.add(
        "pages", server.site.subject.name, start=server.start_seconds, rss=worker.rss, pss=worker.pss,
        all=memory.of_all(server.pid),
    )  # fmt: skip
