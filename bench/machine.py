"""Describes the machine and the versions of a run: its numbers mean nothing without them."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import cores, postgres, wrk
from bench.subjects import PEERS_PYTHON, ROOT

OURS = ("quart", "quart-auth", "hypercorn", "uvloop", "sqlalchemy", "aiosqlite", "asyncpg", "bcrypt")
PEERS = (
    *("flask", "flask-login", "flask-sqlalchemy", "werkzeug", "gunicorn", "django", "quart-security", "sqlalchemy"),
    *("psycopg", "uvicorn", "httptools", "uvloop", "granian"),
)

_ASK = """
import json, sys
from importlib import metadata
installed = {each.name.lower(): each.version for each in metadata.distributions()}
print(json.dumps({name: installed[name] for name in sys.argv[1:] if name in installed}))
"""

QUIET = 0.3
"""The highest load average of the last minute with which the machine counts as quiet."""

PATIENCE = 180
"""Seconds to wait until the load average has fallen, for example after the bench's environment was set up."""


def description(*, preferred: bool) -> dict[str, str]:
    """Return the description's values, by name."""
    return {
        "Date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "Revision": _revision(),
        "Machine": f"{_processor()}, {len(cores.ALL)} cores, {_gigabytes():.0f} GB, {_system()}",
        "Load before": f"{os.getloadavg()[0]:.2f}" + ("" if is_quiet() else " (not quiet: take the numbers with care)"),
        "Load generators": f"niceness {cores.PRIORITY}" if preferred else "no priority over the servers (needs root)",
        "Python": platform.python_version(),
        "wrk": wrk.version(),
        "PostgreSQL": postgres.version() or "none",
        "Ours": _versions(sys.executable, OURS),
        "Peers": _versions(PEERS_PYTHON, PEERS),
    }


def is_quiet() -> bool:
    """Tell whether nothing else seems to run."""
    return os.getloadavg()[0] <= QUIET


def wait_until_quiet() -> None:
    """Wait until nothing else seems to run, for PATIENCE seconds at most."""
    deadline = time.monotonic() + PATIENCE
    while not is_quiet() and time.monotonic() < deadline:
        time.sleep(1)


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _gigabytes() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _system() -> str:
    return f"{platform.system()} {platform.release()}"


def _revision() -> str:
    try:
        asked = subprocess.run(
            ["git", "describe", "--always", "--dirty"],  # noqa: S607  # whichever git there is
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return asked.stdout.strip()


def _versions(python: str, names: Sequence[str]) -> str:
    asked = subprocess.run([python, "-c", _ASK, *names], capture_output=True, text=True, check=True)
    return ", ".join(f"{name} {version}" for name, version in json.loads(asked.stdout).items())
