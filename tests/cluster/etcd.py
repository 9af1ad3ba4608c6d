"""The three machines of etcd, in which Patroni keeps who the primary is."""

import json
import signal
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.cluster.network import NETWORK
from tests.cluster.programs import Programs

FIRST_NUMBER = 21
HOSTS = [f"{NETWORK}.{FIRST_NUMBER + each}:2379" for each in range(3)]


class Etcd:
    """All of them."""

    def __init__(self, folder: Path) -> None:
        self.all = [Programs(folder, f"etcd{each + 1}", FIRST_NUMBER + each) for each in range(3)]

    def start(self) -> None:
        """Start them for the first time."""
        for each in self.all:
            self.start_member(each, state="new")

    def start_member(self, member: Programs, state: str = "existing") -> None:
        """Start one of them."""
        here = f"http://{member.address}"
        members = ",".join(f"{each.name}=http://{each.address}:2380" for each in self.all)
        member.start(
            "etcd",
            *("etcd", "--name", member.name, "--data-dir", "etcd", "--logger", "zap"),
            *("--listen-client-urls", f"{here}:2379", "--advertise-client-urls", f"{here}:2379"),
            *("--listen-peer-urls", f"{here}:2380", "--initial-advertise-peer-urls", f"{here}:2380"),
            *("--initial-cluster", members, "--initial-cluster-state", state, "--pre-vote"),
        )

    def kill_member(self, member: Programs) -> None:
        """End one in the middle of what it does."""
        member.end("etcd", signal.SIGKILL)

    def leader(self) -> Programs | None:
        """Return the member that the others follow, if there is one."""
        for each in self.all:
            with suppress(OSError):
                status = self._status(each)
                if status.get("leader") == status["header"]["member_id"]:
                    return each
        return None

    def _status(self, member: Programs) -> dict[str, Any]:
        url = f"http://{member.address}:2379/v3/maintenance/status"
        with urllib.request.urlopen(url, data=b"{}", timeout=2) as answer:
            return dict(json.load(answer))
