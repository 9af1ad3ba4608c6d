"""Measures requests per second with wrk: a load generator in Python would be slower than the server."""

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench import cores

CONNECTIONS = 32

_RATE = re.compile(r"^Requests/sec:\s+([\d.]+)", re.M)
_TOTAL = re.compile(r"^\s*(\d+) requests in", re.M)
_BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_LOST = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")


class Missing(SystemExit):
    """wrk is not installed."""

    def __init__(self) -> None:
        super().__init__("wrk is not installed. On Debian and Ubuntu: apt-get install wrk")


def version() -> str:
    """Return wrk's version. Raises Missing."""
    found = shutil.which("wrk")
    if not found:
        raise Missing
    asked = subprocess.run([found, "-v"], capture_output=True, text=True, check=False)
    return (asked.stdout or asked.stderr).split()[1].removeprefix("debian/")


def requests_per_second(port: int, path: str, seconds: int, folder: Path, cookies: Sequence[str] = ()) -> float:
    """Request a page on CONNECTIONS connections at once, with the Cookie headers in turn.

    Raises RuntimeError if more than one request in a hundred fails.
    """
    script = folder / "wrk.lua"
    script.write_text(_script(cookies))
    asked = subprocess.run(
        [
            *("taskset", "--cpu-list", str(cores.LOAD[0]), "wrk", "--threads", "1"),
            *("--connections", str(CONNECTIONS), "--duration", f"{seconds}s", "--timeout", "10s"),
            *("--script", str(script), f"http://127.0.0.1:{port}{path}"),
        ],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    total, rate = (float(pattern.findall(asked)[0]) for pattern in (_TOTAL, _RATE))
    bad = sum(map(int, [*_BAD.findall(asked), *(number for lost in _LOST.findall(asked) for number in lost)]))
    if bad > total / 100:
        raise RuntimeError(f"{path} was not answered well:\n{asked}")
    return rate


def _script(cookies: Sequence[str]) -> str:
    # A single header needs no function that runs for each request, which makes wrk a tenth slower.
    if not cookies:
        return ""
    if len(cookies) == 1:
        return f'wrk.headers["Cookie"] = {json.dumps(cookies[0])}\n'
    listed = ", ".join(map(json.dumps, cookies))
    return (
        f"local cookies = {{{listed}}}\nlocal turn = 0\n"
        "request = function()\n"
        "  turn = turn % #cookies + 1\n"
        '  return wrk.format("GET", nil, {["Cookie"] = cookies[turn]})\n'
        "end\n"
    )
