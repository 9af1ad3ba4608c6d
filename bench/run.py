"""One run of the bench: what every measurement needs."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.clients import is_logged_in, log_in
from bench.http_client import cookie_header, fetch, request
from bench.results import Results
from bench.scale import Scale
from bench.servers import Server, started
from bench.subjects import Site, Subject

TRIES = 5
"""How often a log-in is tried: on a busy machine, a server may give up waiting for its hash."""


@dataclass
class Run:
    """The scale, the sites with their databases, and what has been measured so far."""

    scale: Scale
    folder: Path
    sites: list[Site]
    results: Results = field(default_factory=Results)

    def rounds(self, count: int, sites: Sequence[Site]) -> Iterator[Site]:
        """Yield the sites in turn, A B A B, so that what slows the machine for a while slows them all; print which."""
        for number in range(count):
            for site in sites:
                print(f"  round {number + 1} of {count}: {site.subject.name}", flush=True)
                yield site

    def with_hashes(self) -> list[Site]:
        """Return the sites whose log-ins are measured."""
        return [site for site in self.sites if site.subject.hash]

    def find(self, *subjects: Subject) -> list[Site]:
        """Return the sites of these subjects."""
        return [site for site in self.sites if site.subject in subjects]


@contextmanager
def warm(site: Site, on: list[int], scale: Scale, options: Sequence[str] = ()) -> Iterator[Server]:
    """Start a server, and send requests until it has loaded everything that it loads lazily."""
    with started(site, on, options) as server:
        asyncio.run(_warm_up(server, scale.warm_up_requests))
        yield server


async def _warm_up(server: Server, requests: int) -> None:
    for _ in range(requests):
        await fetch(server.port, request("/"))
    if server.site.subject.log_in:
        await cookies_of(server, 0)


async def cookies_of(server: Server, account: int) -> dict[str, str]:
    """Log in and return the cookies. Raises RuntimeError if /profile then doesn't show this account."""
    for _ in range(TRIES):
        answer = await log_in(server, account, patience=None)
        if is_logged_in(answer):
            break
    if not is_logged_in(answer):
        raise RuntimeError(f"{server.site.subject.name}: log-in failed: {answer}")
    page = await fetch(server.port, request("/profile", headers=cookie_header(answer.cookies)))
    if f"Welcome, Person {account}!".encode() not in page.body:
        raise RuntimeError(f"{server.site.subject.name}: not logged in: {page}")
    return answer.cookies
