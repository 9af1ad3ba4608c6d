"""Workarounds for bugs in hypercorn, one in each file: the bug, its report if it has one, and its versions.

A file's name says what goes wrong without it.
A fix applies only to the versions that its file names. On any other version it does nothing, and logs that once. For
each there is a test in tests/serving/test_hypercorn_fixes.py that fails as soon as hypercorn doesn't need it any more.
"""

import sys
from types import FrameType


def serves_this_process() -> bool:
    """Return whether this process was started by hypercorn's command, as a worker or as the only process.

    Fixes that change the whole process must not change a program that calls `hypercorn.asyncio.serve` itself.
    """
    return frame_of_the_worker() is not None


def frame_of_the_worker() -> FrameType | None:
    """Return the frame of hypercorn's worker function, None if the caller is not inside one."""
    frame: FrameType | None = sys._getframe()
    while frame := frame and frame.f_back:
        if frame.f_globals.get("__name__") == "hypercorn.asyncio.run" and frame.f_code.co_name.endswith("_worker"):
            return frame
    return None
