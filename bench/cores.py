"""Which core does what. A load generator on the server's core would slow the server and measure itself."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

ALL = sorted(os.sched_getaffinity(0))
SERVER = ALL[:1]
"""The core of a server whose requests per second are counted."""

LOAD = ALL[1:2] or ALL
"""The core of the load generator for it."""

FOR_SERVERS = os.getpriority(os.PRIO_PROCESS, 0)
"""The niceness that the bench was started with. A machine that others use too may need less than 0."""

PRIORITY = -10
"""The load generator's niceness: when it shares cores with hashing, it must measure the server's delay, not its own."""


def prefer_load() -> bool:
    """Give this process and the tools that it starts priority over the servers. Tell whether the system allows it."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    except PermissionError:
        return False
    return True


def on(cores: list[int]) -> list[str]:
    """Return the prefix of a server's command that sets its cores and the normal priority."""
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    return ["taskset", "--cpu-list", ",".join(map(str, cores)), "nice", "-n", str(max(0, FOR_SERVERS - mine))]


@contextmanager
def load_on(cores: list[int]) -> Iterator[None]:
    """Run this process on these cores only, within the block."""
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, ALL)
