"""hypercorn's workers are killed before they have finished, and survive a master that is killed.

Seen in 0.18.0; not reported. hypercorn tells its workers to finish by an event. As soon as the first one has finished,
it sends SIGTERM to the others, which ends them in the middle of a request. systemd, and anything else that signals the
whole process group, does the same. If the master is killed, nothing tells the workers: they keep the port, and the next
start fails.
"""

import asyncio
import multiprocessing
import os
import signal

from quart_auth_app.serving.hypercorn_fixes import serves_this_process
from quart_auth_app.third_party import is_for

VERSIONS = ("0.18.0",)


def fix() -> None:
    """Ignore SIGTERM, and exit together with the master. Call this in the event loop of a worker."""
    master = multiprocessing.parent_process()
    if master and serves_this_process() and is_for("hypercorn", "the end of workers", VERSIONS):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        asyncio.get_running_loop().add_reader(master.sentinel, os._exit, 1)
