"""A database machine: a member of etcd, and Patroni, which runs PostgreSQL and asks etcd who the primary is."""

import json
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.network import NETWORK, Machine
from tests.servers import ROOT

PATRONI = str(ROOT / ".venv-cluster" / "bin" / "patroni")
"""Not Debian 12's, 3.0.2: with it a primary that was cut off takes its place back from the copy that has taken over
meanwhile, and what that one has acknowledged is lost. Mended by https://github.com/patroni/patroni/pull/2689."""

FIRST = ("nice", "-n", "-5")
"""Databases have cores of their own elsewhere, so they come before the application here."""

PROGRAMS = max(
    (str(each) for each in Path("/usr/lib/postgresql").glob("*/bin")),
    key=lambda each: int(each.split("/")[-2]),
    default="",
)
"""Where Debian has those of the newest PostgreSQL."""

OWNER = "postgres"
PASSWORD = "a password of the database machines"
SCOPE = "accounts"

SETTINGS: dict[str, Any] = {
    "ttl": 20,  # seconds after which a primary that is silent is replaced; Patroni takes no less
    "loop_wait": 5,
    "retry_timeout": 5,
    "synchronous_mode": True,  # what was acknowledged is on a second machine
    "synchronous_mode_strict": True,  # even in the seconds after a copy has taken over
    "failsafe_mode": True,  # without etcd, a primary that reaches all other machines stays primary
    "postgresql": {
        "use_pg_rewind": True,  # a primary that was lost comes back as a copy
        "parameters": {
            # A transaction whose application is cut off holds its locks no longer than this.
            "idle_in_transaction_session_timeout": "10s",
            "tcp_user_timeout": "10s",
        },
    },
}
"""What all members share, as docs/deploy.md shows it."""


class Database:
    """One of the members."""

    def __init__(self, folder: Path, number: int) -> None:
        self.machine = Machine(f"db{number}", number)
        self.name, self.address = self.machine.name, self.machine.address
        self.folder = folder / self.name
        self.folder.mkdir()
        shutil.chown(self.folder, OWNER)
        self.configuration = self.folder / "patroni.yaml"
        self.configuration.write_text(yaml.safe_dump(self._patroni()))
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start_etcd(self, members: "list[Database]", state: str = "new") -> None:
        """Start etcd's member."""
        here, all_of_them = (
            f"http://{self.address}",
            ",".join(f"{each.name}=http://{each.address}:2380" for each in members),
        )
        self._start(
            "etcd",
            *("etcd", "--name", self.name, "--data-dir", "etcd", "--logger", "zap"),
            *("--listen-client-urls", f"{here}:2379", "--advertise-client-urls", f"{here}:2379"),
            *("--listen-peer-urls", f"{here}:2380", "--initial-advertise-peer-urls", f"{here}:2380"),
            *("--initial-cluster", all_of_them, "--initial-cluster-state", state, "--pre-vote"),
        )

    def start_patroni(self, *around: str) -> None:
        """Start Patroni, and so PostgreSQL, as the last words of a command if one is given."""
        self._start("patroni", *around, PATRONI, str(self.configuration))

    def stop_etcd(self) -> None:
        """End etcd's member in the middle of what it does."""
        self._end("etcd", signal.SIGKILL)

    def stop_patroni(self) -> None:
        """End Patroni, which ends PostgreSQL."""
        self._end("patroni", signal.SIGTERM)

    def is_primary(self) -> bool:
        """Tell whether it takes writes, as far as Patroni knows."""
        state = self.state()
        return state.get("state") == "running" and state.get("role") == "primary"

    def state(self) -> dict[str, Any]:
        """Return what Patroni says of its PostgreSQL; nothing if it says nothing."""
        with suppress(OSError, ValueError):
            try:
                with urllib.request.urlopen(f"http://{self.address}:8008/patroni", timeout=2) as answer:
                    return dict(json.load(answer))
            except urllib.error.HTTPError as answer:
                return dict(json.load(answer))
        return {}

    def started_at(self) -> datetime:
        """Return when PostgreSQL started, by the clock of its machine."""
        return datetime.fromisoformat(self.state()["postmaster_start_time"])

    def last_lines(self) -> str:
        """Return the end of what its programs wrote."""
        return "".join((self.folder / "log").read_text(errors="replace").splitlines(keepends=True)[-25:])

    def _start(self, program: str, *command: str) -> None:
        as_owner = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups"]
        as_owner += [
            f"--{kind}-caps=+dac_read_search" for kind in ("inh", "ambient")
        ]  # the checkout may be root's alone
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

    def _end(self, program: str, by: signal.Signals) -> None:
        process = self.running.pop(program)
        os.killpg(process.pid, by)
        process.wait(60)

    def _patroni(self) -> dict[str, Any]:
        log_in = {"password": PASSWORD}
        return {
            "scope": SCOPE,
            "name": self.name,
            "restapi": {"listen": f"{self.address}:8008", "connect_address": f"{self.address}:8008"},
            "etcd3": {"hosts": [f"{NETWORK}.{number}:2379" for number in (1, 2, 3)]},
            "bootstrap": {"dcs": SETTINGS, "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"]},
            "postgresql": {
                "listen": f"{self.address}:5432",
                "connect_address": f"{self.address}:5432",
                "data_dir": str(self.folder / "data"),
                "bin_dir": PROGRAMS,
                "pgpass": str(self.folder / "pgpass"),
                "authentication": {
                    "superuser": {"username": "postgres", **log_in},
                    "replication": {"username": "copy", **log_in},
                    "rewind": {"username": "rewind", **log_in},
                },
                "parameters": {"unix_socket_directories": str(self.folder), "shared_buffers": "32MB"},
                "pg_hba": [
                    "local all all trust",
                    f"host all all {NETWORK}.0/24 scram-sha-256",
                    f"host replication copy {NETWORK}.0/24 scram-sha-256",
                ],
            },
        }
