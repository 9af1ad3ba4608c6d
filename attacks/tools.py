"""Other people's tools: finds them, asks for their version, runs them with a time limit."""

import asyncio
import os
import re
import shutil
import subprocess
from pathlib import Path

from attacks.attack import TIME_LIMIT, MissingTool
from attacks.victims import stop

TOOLS = {
    "sqlmap": ("--version", "pip install sqlmap"),
    "wapiti": ("--version", "pip install wapiti3"),
    "hydra": ("-h", "apt-get install hydra"),
    "slowhttptest": ("-h", "apt-get install slowhttptest"),
}
"""What makes each tool say its version, and how to get it."""

CUT_SHORT = "(attacks: ended at the time limit)"
"""What `run` adds to the output of a tool that it has ended."""

_COLOUR = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")
_VERSION = re.compile(r"\bv?(\d+(?:\.\d+)+)")


def versions() -> dict[str, str]:
    """Return the version of each tool. Raises MissingTool."""
    missing = {name: how for name, (_, how) in TOOLS.items() if not shutil.which(name)}
    if missing:
        raise MissingTool("\n".join(f"{name} is not installed: {how}" for name, how in missing.items()))
    return {name: _version(name, option) for name, (option, _) in TOOLS.items()}


def _version(name: str, option: str) -> str:
    asked = subprocess.run([name, option], capture_output=True, text=True, check=False)  # noqa: S603  # one of TOOLS
    found = _VERSION.findall(asked.stdout + asked.stderr)
    return str(found[0]) if found else "unknown"


async def run(folder: Path, *command: str, limit: float = TIME_LIMIT) -> str:
    """Run a tool in `folder` and return what it printed; at the time limit it is ended."""
    # A HOME of its own: otherwise what a tool has stored in an earlier run would look like a finding of this one.
    environment = os.environ | {"HOME": str(folder), "TERM": "dumb", "NO_COLOR": "1"}
    output = folder / "tool.log"
    with output.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        await asyncio.wait_for(process.wait(), limit)
    except TimeoutError:
        with output.open("ab") as log:
            log.write(f"\n{CUT_SHORT}\n".encode())
    finally:
        await stop(process)
    return _COLOUR.sub("", output.read_text(errors="replace"))
