"""Pages per second on one core; also how fast the servers start, and how much memory they take."""

import asyncio
from contextlib import ExitStack
from statistics import mean

from bench import cores, memory, wrk
from bench.http_client import cookie_header, fetch, request
from bench.run import Run, cookies_of, warm
from bench.servers import Server
from bench.subjects import OURS

PATHS = ("/", "/login", "/profile")

LANGUAGES = {"English": "en", "Spanish": "es", "Japanese": "ja"}
"""The languages in which our log-in page is measured, in turn."""


def measure(run: Run) -> None:
    """Start all servers on one core, and request each page from them in turn, from another core."""
    for number in range(run.scale.page_rounds):
        print(f"  round {number + 1} of {run.scale.page_rounds}", flush=True)
        with ExitStack() as stack:
            servers = [stack.enter_context(warm(site, cores.SERVER, run.scale)) for site in run.sites]
            for path in PATHS:
                _measure(run, [server for server in servers if path in server.site.subject.pages], path)
            for server in servers:
                if server.site.subject is OURS:
                    _measure_languages(run, server)
            for server in servers:
                worker = memory.of_worker(server.pid)
                run.results.add(
                    "pages", server.site.subject.name, start=server.start_seconds, rss=worker.rss, pss=worker.pss,
                    all=memory.of_all(server.pid),
                )  # fmt: skip


def _measure(run: Run, servers: list[Server], path: str) -> None:
    headers = {server.pid: _log_in(server) if path == "/profile" else {} for server in servers}
    # The machine can be half as fast for some seconds, so the servers take turns every second. Waiting costs nothing.
    for _ in range(run.scale.page_seconds):
        for server in servers:
            cookies = list(headers[server.pid].values())
            rate = wrk.requests_per_second(server.port, path, 1, server.site.folder, cookies)
            run.results.add("pages", server.site.subject.name, **{path: rate})
    for server in servers:
        page = asyncio.run(fetch(server.port, request(path, headers=headers[server.pid])))
        run.results.add("pages", server.site.subject.name, **{f"{path} bytes": len(page.body)})


def _measure_languages(run: Run, server: Server) -> None:
    rates: dict[str, list[float]] = {language: [] for language in LANGUAGES}
    for _ in range(run.scale.page_seconds):
        for language, code in LANGUAGES.items():
            rate = wrk.requests_per_second(server.port, "/login", 1, server.site.folder, [f"language={code}"])
            rates[language].append(rate)
    for language, measured in rates.items():
        run.results.add("languages", language, rate=mean(measured))


def _log_in(server: Server) -> dict[str, str]:
    return cookie_header(asyncio.run(cookies_of(server, 1)))
