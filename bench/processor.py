"""Processor time of processes, as the kernel counts it."""

import os
from pathlib import Path

from bench import memory

TICKS = os.sysconf("SC_CLK_TCK")


def seconds(pid: int) -> float:
    """Return the processor time that a process has used so far."""
    # Fields 14 and 15 of proc(5)'s stat; the name before them may have spaces.
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / TICKS


def seconds_of_all(pid: int) -> float:
    """Return the processor time that a process and its descendants have used so far."""
    return sum(seconds(each) for each in memory.tree(pid))
