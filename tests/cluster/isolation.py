"""Namespaces around the whole trial: whatever ends it, all its processes and networks end with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

FIRST = ("nice", "-n", "-5")
"""All machines share the cores of one here, so whatever else runs on it has to wait."""

WITH_ITS_PARENT = ("setpriv", "--pdeathsig", "KILL")
"""unshare ends when the process that has started it ends, even by SIGKILL."""

NAMESPACES = ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]

FIRST_PROCESS = 'mkdir -p /run/netns && mount -t tmpfs namespaces /run/netns && "$@"; exit $?'
"""The shell stays as process 1: whoever loses its parent gets a new one in it that notices when it ends."""

INSIDE = "QUART_AUTH_APP_TESTS_INSIDE"
"""Set where the namespaces are."""


MOST_SECONDS = 900
"""A run that takes longer hangs."""


def hindrance() -> str:
    """Return why namespaces can't be made here, nothing if they can."""
    if os.geteuid() != 0:
        return "only root can make network namespaces"
    done = subprocess.run([*NAMESPACES, "true"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"this machine can't make network namespaces: {done.stderr.strip()}"


def again_inside(module: str, folder: Path, *arguments: str) -> int:
    """Run the module anew, inside. Return its exit status."""
    command = [
        *FIRST,
        *WITH_ITS_PARENT,
        *NAMESPACES,
        "sh",
        "-c",
        FIRST_PROCESS,
        "sh",
        sys.executable,
        "-m",
        module,
        *arguments,
    ]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("The trials of a cluster were ended from outside"))
    environment = os.environ | {INSIDE: str(folder)}
    return subprocess.run(command, env=environment, check=False, timeout=MOST_SECONDS).returncode
