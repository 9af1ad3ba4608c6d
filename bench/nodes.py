"""Several machines of the application at one database, behind PgBouncer: a server with one worker is a machine."""

import asyncio
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from sqlalchemy import make_url

from bench import clients, cores, fill, postgres, processor
from bench.http_client import cookie_header, fetch, request
from bench.limits import cheap_hashes
from bench.run import cookies_of
from bench.servers import Server, started
from bench.subjects import OURS, ours, site
from quart_auth_app.accounts.passwords import hashing

MOST = 4
USERS = 5000

CHEAP = (*OURS.command[:-1], "bench.limits.cheap_hashes:create_app()")


@dataclass
class Nodes:
    """Machines at one database: four that share a core, and one on another core."""

    sharing: list[Server]
    apart: Server
    cookies: dict[str, str]
    accounts: Iterator[int] = field(default_factory=count)

    def pages(self, path: str, number: int, times: int) -> float:
        """Request `times` pages from each of the first `number` machines; return the milliseconds for one page."""
        message = request(path, headers=self.cookies)

        async def page(server: Server) -> bool:
            return (await fetch(server.port, message, patience=None)).status == 200

        return self._each(page, number, times)

    def log_ins(self, number: int, times: int) -> float:
        """Log in `times` times at each of the first `number` machines; return the milliseconds for one log-in."""

        async def log_in(server: Server) -> bool:
            person = next(self.accounts) % USERS
            return clients.is_logged_in(await clients.log_in(server, person, client=person, patience=None))

        return self._each(log_in, number, times)

    def _each(self, do: Callable[[Server], Awaitable[bool]], number: int, times: int) -> float:
        used = self.sharing[:number]

        async def one_after_the_other(server: Server) -> None:
            for _ in range(times):
                if not await do(server):
                    raise RuntimeError("a wrong answer")

        def counted() -> int:
            for server in used:
                asyncio.run(one_after_the_other(server))
            return times * number

        return milliseconds(used, counted)


def milliseconds(servers: Sequence[Server], do: Callable[[], int]) -> float:
    """Return the processor time of these servers for each request; `do` sends the requests and returns their number."""
    before = sum(processor.seconds_of_all(each.pid) for each in servers)
    requests = do()
    return 1000 * (sum(processor.seconds_of_all(each.pid) for each in servers) - before) / requests


@contextmanager
def running(folder: Path, database: str, pooler: int, *, cheap: bool) -> Iterator[Nodes]:
    """Fill a database and start the machines; `cheap` makes hashes cheap."""
    usual = hashing.ROUNDS
    if cheap:
        hashing.ROUNDS = cheap_hashes.ROUNDS
    fill.add_users(database, USERS)
    hashing.ROUNDS = usual
    postgres.settle(database)
    pooled = make_url(database).set(host="127.0.0.1", port=pooler).update_query_dict({"pgbouncer": "true"})
    settings = ours(pooled.render_as_string(hide_password=False))
    subject = replace(OURS, command=CHEAP if cheap else OURS.command, prepare=lambda *_: settings)
    with ExitStack() as stack:
        *sharing, apart = [
            stack.enter_context(started(site(subject, folder / str(number), USERS), on))
            for number, on in enumerate([cores.SERVER] * MOST + [cores.LOAD])
        ]
        cookies = [asyncio.run(cookies_of(server, USERS - 1)) for server in (*sharing, apart)]
        yield Nodes(sharing, apart, cookie_header(cookies[-1]))


class Connections:
    """Watches the largest number of connections to one database; PgBouncer limits them for each database."""

    def __init__(self) -> None:
        self.most = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Connections":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(0.25):
            self.most = max(self.most, postgres.connections())


def clients_of(pooler: int) -> int:
    """Return how many connections the machines have opened to PgBouncer's pool with the most of them."""
    user = make_url(postgres.SERVER).username or ""
    command = ["psql", "-h", "127.0.0.1", "-p", str(pooler), "-U", user, "-XAtc", "SHOW POOLS", "pgbouncer"]
    pools = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return max(sum(map(int, pool.split("|")[2:4])) for pool in pools if not pool.startswith("pgbouncer|"))
