"""The programs of a machine, run by a user that is not root, with a folder of their own."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from tests.cluster.network import Machine

FIRST = ("nice", "-n", "-5")
"""Databases have cores of their own elsewhere, so they come before the application here."""

OWNER = "postgres"


class Programs:
    """What runs on one machine, by name."""

    def __init__(self, folder: Path, name: str, number: int) -> None:
        self.machine = Machine(name, number)
        self.name, self.address = self.machine.name, self.machine.address
        self.folder = folder / self.name
        self.folder.mkdir()
        shutil.chown(self.folder, OWNER)
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, program: str, *command: str) -> None:
        """Start one of them."""
        as_owner = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups"]
        # The checkout may be root's alone.
        as_owner += [f"--{kind}-caps=+dac_read_search" for kind in ("inh", "ambient")]
        with (self.folder / "log").open("ab") as log:
            self.running[program] = subprocess.Popen(
                [*FIRST, *self.machine.command(*as_owner, *command)],
                cwd=self.folder,
                env=os.environ | {"HOME": str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def end(self, program: str, by: signal.Signals) -> None:
        """End one of them with this signal."""
        process = self.running.pop(program)
        os.killpg(process.pid, by)
        process.wait(60)

    def last_lines(self) -> str:
        """Return the end of what they wrote."""
        return "".join((self.folder / "log").read_text(errors="replace").splitlines(keepends=True)[-25:])
