"""hypercorn's master ends with exit code 0 when a worker could not start.

Seen in 0.18.0; https://github.com/pgjones/hypercorn/issues/269, with a correction in pull request 372. The code of the
worker that failed is overwritten by those of the other workers, of which there may be none. systemd's
`Restart=on-failure` and whoever else asks for the exit code would take the failure for an ordinary end.
"""

from multiprocessing.process import BaseProcess

import hypercorn.run

from quart_auth_app.third_party import is_for

VERSIONS = ("0.18.0",)


def keep() -> None:
    """Keep the first code that is not 0. To be called in the master, before it starts workers."""
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
