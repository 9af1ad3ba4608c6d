"""What is attacked: servers of our own on 127.0.0.1, each in a process and a folder of its own."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from quart_auth_app.settings import NAMES
from tests.servers import CONFIG, free_port

ROOT = Path(__file__).parent.parent
START_TIME = 20
"""Seconds in which a server has to listen."""

GUARD = "STARTED_BY_ATTACKS"
"""The variable without which the broken builds refuse to start."""

_ANSWERED = re.compile(rb'"status": (\d{3})\b')


@dataclass(frozen=True)
class Victim:
    """A command that serves on the port put in place of PORT."""

    command: tuple[str, ...]


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

    @property
    def log(self) -> bytes:
        """What the server has printed so far."""
        return (self.folder / "server.log").read_bytes()

    def url(self, path: str) -> str:
        """Return the address of a page."""
        return f"http://127.0.0.1:{self.port}{path}"

    def statuses(self) -> list[int]:
        """Return the status of every answer in the application's access log."""
        return [int(status) for status in _ANSWERED.findall(self.log)]


@asynccontextmanager
async def started(victim: Victim) -> AsyncIterator[Site]:
    """Serve in a folder that is gone afterwards, with no setting from outside."""
    environment = {name: value for name, value in os.environ.items() if name not in NAMES}
    environment |= {GUARD: "yes", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with TemporaryDirectory() as folder:
        site = Site(free_port(), Path(folder))
        with (site.folder / "server.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(part.replace("PORT", str(site.port)) for part in victim.command),
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            await _wait_for(site, process)
            yield site
        finally:
            await stop(process)


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
