"""A worker process of hypercorn's: settled for its work, and prepared for its end.

SIGTERM to hypercorn is to cut nobody off, and to end everything in time. hypercorn 0.18 promises that and does not do
it. Each part of `_end_well` goes when a later hypercorn does; tests/serving/test_workers.py says.
"""

import asyncio
import gc
import multiprocessing
import os
import signal
import sys
from multiprocessing.process import BaseProcess

GARBAGE_THRESHOLDS = (10_000, 20, 20)
"""For gc.set_threshold. A request makes hundreds of objects and leaves fewer than ten to the garbage collector, which
Python's own 700 would have look about once a request."""


def prepare() -> None:
    """Prepare this process, if it is a worker of hypercorn's. To be called when all is loaded, in the event loop."""
    master = multiprocessing.parent_process()
    # A worker is started with SIGINT ignored, and hypercorn leaves SIGTERM alone there; no other child is like that.
    if master and [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)] == [
        signal.SIG_IGN,
        signal.SIG_DFL,
    ]:
        _look_for_less_garbage()
        _end_well(master)


def _look_for_less_garbage() -> None:
    gc.collect()
    gc.freeze()  # what is loaded by now stays
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def _end_well(master: BaseProcess) -> None:
    # hypercorn tells its workers to finish by an event. As soon as one of them has, it sends the others SIGTERM, which
    # would end them in the middle of a request; so does systemd, and whoever else signals the whole process group.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # If the master is killed nothing tells them at all: they would keep the port, and the next start would fail.
    asyncio.get_running_loop().add_reader(master.sentinel, os._exit, 1)
    if sys.version_info >= (3, 12):
        # Since then this waits for all connections, however long, before hypercorn's graceful_timeout begins (hypercorn
        # issue 308). Before, it waited for nothing.
        asyncio.Server.wait_closed = _wait_for_nothing  # type: ignore[assignment, method-assign]  # patched: see above


async def _wait_for_nothing(_server: asyncio.Server) -> None: ...
