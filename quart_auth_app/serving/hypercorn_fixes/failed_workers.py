"""hypercorn's own command ends with exit code 0 when its workers could not start, and each of them says why.

Seen in 0.18.0; https://github.com/pgjones/hypercorn/issues/269, as in exit_code.py. Nothing of ours runs in the master
of the `hypercorn` command, which ends with 0 whatever its workers end with. So the first worker that can't start ends
it, by a signal that it has no handler for: to systemd, shells and containers that is a failure.
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
"""What tells this worker to finish, once `begin` has found it."""


def begin() -> None:
    """Note that this process, if a master of hypercorn's started it, does not serve yet. May be called again."""
    frame = frame_of_the_worker()
    event = frame.f_locals.get("shutdown_event") if frame else None
    if event and not _told_by and is_for("hypercorn", "the exit code of workers that can't start", VERSIONS):
        _told_by.append(event)
        if _is_hypercorns_command(Path(sys.argv[0])):  # which a worker has from its master; ours keeps exit codes
            atexit.register(_end_the_master, one_worker=frame.f_locals["config"].workers == 1)  # type: ignore[union-attr]  # there is an event


def has_started() -> None:
    """Note that it serves: what happens from now on is for the master to judge."""
    atexit.unregister(_end_the_master)


def is_said_already() -> bool:
    """Return whether another worker could not start either, and said why. Tells the others that this one couldn't."""
    if not _told_by:
        return False
    event: Any = _told_by[0]
    with event._cond:  # to ask and to set at once, which the event itself can't
        was_set = event._flag.acquire(False)
        event._flag.release()
    return bool(was_set)


def _is_hypercorns_command(command: Path) -> bool:
    return command.stem == "hypercorn" or (command.parent.name, command.name) == ("hypercorn", "__main__.py")


def _end_the_master(*, one_worker: bool) -> None:
    master = multiprocessing.parent_process()
    if master is None or master.pid != os.getppid() or master.pid == 1:  # the first process ignores the signal
        return
    if one_worker:  # no other is about to open what the master would have thrown away
        _throw_away(_told_by[0])
    with suppress(ProcessLookupError):
        os.kill(master.pid, signal.SIGUSR1)


def _throw_away(event: Any) -> None:
    """Delete the master's semaphores, of which Python would say that they leaked."""
    parts = event._cond
    for each in (event._flag, parts._lock, parts._sleeping_count, parts._woken_count, parts._wait_semaphore):
        each._cleanup(each._semlock.name)
