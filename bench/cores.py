"""Which core does what. A load generator that shares the server's core would measure itself."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

ALL = sorted(os.sched_getaffinity(0))
SERVER = ALL[:1]
"""Where a server runs whose requests per second are counted."""

LOAD = ALL[1:2] or ALL
"""Where the load for it comes from."""

FOR_SERVERS = os.getpriority(os.PRIO_PROCESS, 0)
"""The niceness that the bench was started with. A machine that others use too may need less than 0."""

PRIORITY = -10
"""The load's niceness: where it shares cores with hashing, what it measures is the server's lateness, not its own."""


def prefer_load() -> bool:
    """Let this process and the tools it starts run before the servers, if the system allows."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    except PermissionError:
        return False
    return True


def on(cores: list[int]) -> list[str]:
    """Return what stands before a server's command: its cores, and everybody's priority."""
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    return ["taskset", "--cpu-list", ",".join(map(str, cores)), "nice", "-n", str(max(0, FOR_SERVERS - mine))]


@contextmanager
def load_on(cores: list[int]) -> Iterator[None]:
    """Keep this process to some cores for a while."""
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, ALL)
