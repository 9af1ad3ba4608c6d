"""hypercorn's master exits with 0 when a worker could not start.

Seen in 0.18.0; https://github.com/pgjones/hypercorn/issues/269, with a fix in pull request 372. The exit code of the
failed worker is overwritten by those of the other workers, even if there are none. systemd's `Restart=on-failure`, and
everything else that checks the exit code, would take the failure for a normal end.
"""

from multiprocessing.process import BaseProcess

import hypercorn.run

from quart_auth_app.third_party import is_for

VERSIONS = ("0.18.0",)


def fix() -> None:
    """Keep the first exit code that is not 0. Call this in the master, before it starts workers."""
    if not is_for("hypercorn", "keeping the exit code of workers", VERSIONS):
        return
    join_exited = hypercorn.run._join_exited
    kept = 0

    def join_and_keep(processes: list[BaseProcess]) -> int:
        nonlocal kept
        found = join_exited(processes)
        kept = kept or found
        return kept

    hypercorn.run._join_exited = join_and_keep
