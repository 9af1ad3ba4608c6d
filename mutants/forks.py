"""Forks of this process, which has already imported what they need: that takes as long as most tests."""

import os
import signal
import sys
from collections.abc import Callable


def fork(work: Callable[[], int], *, output: int, seconds: int) -> int:
    """Call `work` in a fork, in a session of its own, and return the number of its process.

    The fork writes to the file `output`, and exits with what `work` returns, or with 2 if it raises an error. SIGALRM
    ends it after `seconds`.
    """
    sys.stdout.flush()
    if process := os.fork():
        return process
    code = 2
    try:
        os.setsid()
        signal.alarm(seconds)
        os.dup2(output, 1)
        os.dup2(output, 2)
        code = work()
        sys.stdout.flush()
    finally:
        os._exit(code)
