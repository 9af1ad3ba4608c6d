"""Machines, each with an address of its own: network namespaces on one switch."""

import os
import signal
import subprocess
from contextlib import suppress

SWITCH = "switch"
NETWORK = "10.77.0"


def prepare() -> None:
    """Set up the switch, in the network namespace that this process is in. Who asks the sites sits beside it."""
    _ip("link set lo up")
    _ip(f"link add {SWITCH} type bridge")
    _ip(f"addr add {NETWORK}.254/24 dev {SWITCH}")
    _ip(f"link set {SWITCH} up")


class Machine:
    """A network namespace with a cable to the switch."""

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.address = f"{NETWORK}.{number}"
        _ip(f"netns add {name}")
        _ip(f"link add {name} type veth peer name eth0 netns {name}")
        _ip(f"link set {name} master {SWITCH} up")
        for command in ("link set lo up", f"addr add {self.address}/24 dev eth0", "link set eth0 up"):
            _ip(f"-n {name} {command}")

    def command(self, *words: str) -> list[str]:
        """Return what runs a command on this machine."""
        return ["ip", "netns", "exec", self.name, *words]

    def cut_off(self) -> None:
        """Pull the cable: nobody is told, and all that is sent is lost."""
        _ip(f"link set {self.name} down")

    def connect(self) -> None:
        """Put the cable in again."""
        _ip(f"link set {self.name} up")

    def refuse_to_reach(self, other: "Machine") -> None:
        """Lose what is sent from here to the other machine, and so each answer too."""
        _ip(f"-n {self.name} route add blackhole {other.address}/32")

    def reach(self, other: "Machine") -> None:
        """Take that back."""
        _ip(f"-n {self.name} route del blackhole {other.address}/32")

    def kill_everything(self) -> None:
        """End every process of the machine at once, as a power cut does."""
        pids = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True, check=True).stdout
        for pid in pids.split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def _ip(command: str) -> None:
    subprocess.run(["ip", *command.split()], check=True)
