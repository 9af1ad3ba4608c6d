"""hypercorn's own command exits with 0 when its workers could not start, and each worker prints the reason.

Seen in 0.18.0; https://github.com/pgjones/hypercorn/issues/269, as in exit_code_zero.py. None of our code runs in the
master of the `hypercorn` command, which exits with 0 whatever its workers' exit codes are. So the first worker that
can't start kills the master by a signal that it doesn't handle: for systemd, shells and containers that is a failure.
"""

import atexit
import multiprocessing
import os
import signal
import sys
from contextlib import suppress
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from quart_auth_app.serving.hypercorn_fixes import frame_of_the_worker
from quart_auth_app.third_party import is_for

VERSIONS = ("0.18.0",)

_told_by: list[Event] = []
"""The event that tells this worker to finish, once `begin` has found it."""


def begin() -> None:
    """Mark this process as a worker that does not serve yet, if hypercorn's master started it. Can be called again."""
    frame = frame_of_the_worker()
    event = frame.f_locals.get("shutdown_event") if frame else None
    if event and not _told_by and is_for("hypercorn", "the exit code of workers that can't start", VERSIONS):
        _told_by.append(event)
        if _is_hypercorns_command(Path(sys.argv[0])):  # as in the master; ours keeps exit codes
            atexit.register(_end_the_master, one_worker=frame.f_locals["config"].workers == 1)  # type: ignore[union-attr]  # there is an event


def has_started() -> None:
    """Mark that the worker serves: from now on its failures are the master's to handle."""
    atexit.unregister(_end_the_master)


def is_said_already() -> bool:
    """Return whether another worker has failed to start and printed why; tell the others that this one failed."""
    if not _told_by:
        return False
    event: Any = _told_by[0]
    with event._cond:  # test and set in one step, which Event has no method for
        was_set = event._flag.acquire(False)
        event._flag.release()
    return bool(was_set)


def _is_hypercorns_command(command: Path) -> bool:
    return command.stem == "hypercorn" or (command.parent.name, command.name) == ("hypercorn", "__main__.py")


def _end_the_master(*, one_worker: bool) -> None:
    master = multiprocessing.parent_process()
    if master is None or master.pid != os.getppid() or master.pid == 1:  # process 1, init, ignores the signal
        return
    if one_worker:  # no other worker is about to open these semaphores
        _throw_away(_told_by[0])
    with suppress(ProcessLookupError):
        os.kill(master.pid, signal.SIGUSR1)


def _throw_away(event: Any) -> None:
    """Delete the master's semaphores; otherwise Python warns that they leaked."""
    parts = event._cond
    for each in (event._flag, parts._lock, parts._sleeping_count, parts._woken_count, parts._wait_semaphore):
        each._cleanup(each._semlock.name)
