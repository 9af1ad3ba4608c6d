"""How much memory a server takes, as the kernel counts it."""

import re
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(r"^(Rss|Pss):\s+(\d+) kB", re.M)


@dataclass(frozen=True)
class Memory:
    """In bytes."""

    rss: int
    pss: int
    """Like rss, but a page that n processes share counts as 1/n of a page."""


def tree(pid: int) -> list[int]:
    """Return the process and all its descendants."""
    tasks = list(Path(f"/proc/{pid}/task").iterdir())
    return [pid, *(each for task in tasks for child in _children(task) for each in tree(child))]


def _children(task: Path) -> list[int]:
    try:
        return [int(child) for child in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):  # the thread has ended
        return []


def of(pid: int) -> Memory:
    """Return one process's memory."""
    found = {name: 1024 * int(size) for name, size in _LINE.findall(Path(f"/proc/{pid}/smaps_rollup").read_text())}
    return Memory(rss=found["Rss"], pss=found["Pss"])


def of_worker(pid: int) -> Memory:
    """Return the memory of a server's worker: with one worker, the largest process of its tree."""
    return max((of(each) for each in tree(pid)), key=lambda memory: memory.rss)


def of_all(pid: int) -> int:
    """Return the memory (PSS) of all processes of a server together."""
    return sum(of(each).pss for each in tree(pid))
