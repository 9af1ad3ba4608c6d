"""An application machine: `quart-auth-app serve`, as it is."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.cluster.network import Machine
from tests.cluster.patience import until
from tests.servers import Visitor

PORT = 8000


class Site:
    """One of them."""

    def __init__(self, folder: Path, number: int, database: str) -> None:
        self.machine = Machine(f"app{number}", 10 + number)
        self.name = self.machine.name
        self.folder = folder / self.name
        self.folder.mkdir()
        self.environment = os.environ | {
            "DATABASE_URL": database,
            "SECRET_KEY": "the same on all application machines",
            "PROXY_HOPS": "1",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, *words: str) -> None:
        """Run the command once, for example `db upgrade`."""
        subprocess.run(self._command(*words), cwd=self.folder, env=self.environment, check=True)

    def start(self, *around: str) -> None:
        """Serve, and return when `/` answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command("serve", "--bind", f"0.0.0.0:{PORT}", around=around),
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(self.answers, 60, f"{self.name} serves", self.last_lines)

    def stop(self) -> None:
        """End it, as an operator does."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(30)

    def visitor(self, address: str = "198.51.100.1", patience: float = 20) -> Visitor:
        """Return somebody with a browser, who waits so many seconds for an answer."""
        return Visitor(HTTPConnection(self.machine.address, PORT, timeout=patience), address)

    def answers(self) -> bool | None:
        """Tell whether it serves; None if not yet."""
        with suppress(OSError, HTTPException):
            return self.visitor(patience=1).get("/").status == 200 or None
        return None

    def time(self) -> datetime:
        """Return what its clock says."""
        return parsedate_to_datetime(self.visitor().get("/").headers["Date"])

    def last_lines(self) -> str:
        """Return the end of its log."""
        return "".join((self.folder / "log").read_text().splitlines(keepends=True)[-25:])

    def _command(self, *words: str, around: tuple[str, ...] = ()) -> list[str]:
        return self.machine.command(*around, sys.executable, "-m", "quart_auth_app.cli", *words)
