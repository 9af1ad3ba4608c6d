"""The servers that are attacked: our own, on 127.0.0.1, each in a process and a folder of its own."""

import asyncio
import os
import re
import secrets
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
from sqlalchemy import make_url

from quart_auth_app.database.units_of_work import Database
from quart_auth_app.settings import NAMES
from tests.servers import CONFIG, free_port

ROOT = Path(__file__).parent.parent
START_TIME = 20
"""Seconds within which a server has to listen."""

GUARD = "STARTED_BY_ATTACKS"
"""The variable without which the broken builds refuse to start."""

_ANSWERED = re.compile(rb'"status": (\d{3})\b')


@dataclass(frozen=True)
class Victim:
    """A command that serves on the port put in place of PORT; in settings, FOLDER is where it runs."""

    command: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)

    def with_settings(self, settings: Mapping[str, str]) -> "Victim":
        """Return the same command with settings of the application."""
        return replace(self, settings={**self.settings, **settings})

    def with_descriptors(self, number: int) -> "Victim":
        """Return the same command with a limit on file descriptors."""
        return replace(self, command=("sh", "-c", f'ulimit -n {number}; exec "$@"', "victim", *self.command))


def under_hypercorn(factory: str, *options: str) -> Victim:
    """Serve an application as `make run` does; `options` stand in place of the house's own configuration."""
    chosen = options or ("--config", str(CONFIG))
    return Victim((sys.executable, "-m", "hypercorn", *chosen, "--bind", "127.0.0.1:PORT", f"{factory}()"))


OURS = under_hypercorn("quart_auth_app:create_app")
UNTHROTTLED = under_hypercorn("attacks.unthrottled:create_app")


@dataclass(frozen=True)
class Site:
    """A running victim."""

    port: int
    folder: Path
    """Where the server runs, and where a tool may leave its files."""
    process: int
    """The id of the session (setsid) whose processes serve."""
    database: str | None = None
    """Its address, None where it is a file in the folder."""

    @property
    def log(self) -> bytes:
        """What the server has printed so far."""
        return (self.folder / "server.log").read_bytes()

    async def number(self, query: str) -> int:
        """Return the one number that the database answers."""
        if self.database:
            connection = await asyncpg.connect(self.database)
            try:
                return int(await connection.fetchval(query))
            finally:
                await connection.close()
        with closing(sqlite3.connect(self.folder / "instance" / "db.sqlite")) as file:
            ((found,),) = file.execute(query)
            return int(found)

    def url(self, path: str) -> str:
        """Return the address of a page."""
        return f"http://127.0.0.1:{self.port}{path}"

    def statuses(self) -> list[int]:
        """Return the status of every answer in the application's access log."""
        return [int(status) for status in _ANSWERED.findall(self.log)]


@asynccontextmanager
async def new_database(server: str) -> AsyncIterator[str]:
    """Make a database of our schema on a PostgreSQL server, and drop it at the end. Gives its address."""
    name = f"attacked_{secrets.token_hex(6)}"
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    await _statement(server, f"CREATE DATABASE {name}")
    try:
        database = Database(make_url(url))
        await database.schema.upgrade()
        await database.close()
        yield url
    finally:
        await _statement(server, f"DROP DATABASE {name} WITH (FORCE)")


async def _statement(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@asynccontextmanager
async def started(victim: Victim, *, postgresql: str | None = None) -> AsyncIterator[Site]:
    """Serve in a temporary folder, without settings from the environment; on a PostgreSQL server if one is given."""
    if not postgresql:
        async with _started(victim, None) as site:
            yield site
        return
    async with new_database(postgresql) as database:
        settings = {"DATABASE_URL": database, "SECRET_KEY": secrets.token_hex(32)}
        async with _started(victim.with_settings(settings), database) as site:
            yield site


@asynccontextmanager
async def _started(victim: Victim, database: str | None) -> AsyncIterator[Site]:
    environment = {name: value for name, value in os.environ.items() if name not in NAMES}
    environment |= {GUARD: "yes", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with TemporaryDirectory() as folder:
        environment |= {name: value.replace("FOLDER", folder) for name, value in victim.settings.items()}
        port = free_port()
        with (Path(folder) / "server.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(part.replace("PORT", str(port)) for part in victim.command),
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        site = Site(port, Path(folder), process.pid, database)
        try:
            await _wait_for(site, process)
            yield site
        finally:
            await stop(process)


def processor_seconds(session: int) -> float:
    """Return the processor time that the processes of a session have used so far; on Linux only."""
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            fields = file.read_text().rpartition(")")[2].split()  # proc(5); from the third on
            ticks += int(fields[11]) + int(fields[12]) if int(fields[3]) == session else 0
    return ticks / os.sysconf("SC_CLK_TCK")


async def stop(process: asyncio.subprocess.Process) -> None:
    """End a process that was started in a session of its own, and whatever it has started itself."""
    for number, patience in ((signal.SIGTERM, 12), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, number)
            await asyncio.wait_for(process.wait(), patience)
        except (ProcessLookupError, TimeoutError):
            continue


async def _wait_for(site: Site, process: asyncio.subprocess.Process) -> None:
    for _ in range(START_TIME * 10):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", site.port)
        except OSError:
            if process.returncode is not None:
                break
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise RuntimeError(f"the server did not start: {site.log.decode(errors='replace')}")
