"""A database machine: Patroni, which runs PostgreSQL and asks etcd who the primary is."""

import json
import signal
import urllib.error
import urllib.request
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from tests.cluster import etcd
from tests.cluster.network import NETWORK
from tests.cluster.programs import Programs
from tests.servers import ROOT

PATRONI = str(ROOT / ".venv-cluster" / "bin" / "patroni")
"""Not Debian 12's, 3.0.2: with it a primary that was cut off takes its place back from the copy that has taken over
meanwhile, and what that one has acknowledged is lost. Mended by https://github.com/patroni/patroni/pull/2689."""

PROGRAMS = max(
    (str(each) for each in Path("/usr/lib/postgresql").glob("*/bin")),
    key=lambda each: int(each.split("/")[-2]),
    default="",
)
"""Where Debian has those of the newest PostgreSQL."""

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
            # A copy that found no primary asks again after this.
            "wal_retrieve_retry_interval": "1s",
        },
    },
}
"""What all members share, as docs/deploy.md shows it."""


class Database(Programs):
    """One of the members."""

    def __init__(self, folder: Path, number: int) -> None:
        super().__init__(folder, f"db{number}", number)
        self.configuration = self.folder / "patroni.yaml"
        self.configuration.write_text(yaml.safe_dump(self._patroni()))

    def start_patroni(self, *around: str) -> None:
        """Start Patroni, and so PostgreSQL, as the last words of a command if one is given."""
        self.start("patroni", *around, PATRONI, str(self.configuration))

    def stop_patroni(self) -> None:
        """End Patroni, which ends PostgreSQL."""
        self.end("patroni", signal.SIGTERM)

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

    def _patroni(self) -> dict[str, Any]:
        log_in = {"password": PASSWORD}
        return {
            "scope": SCOPE,
            "name": self.name,
            "restapi": {"listen": f"{self.address}:8008", "connect_address": f"{self.address}:8008"},
            "etcd3": {"hosts": etcd.HOSTS},
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
