"""What hypercorn gets wrong, a fault a file: what it is, where it is reported, the versions it was seen in.

A fix is for the versions that its file names. On any other it steps aside and says so once, in the log. For each there
is a test in tests/serving/test_hypercorn_fixes.py that fails as soon as hypercorn does without it.
"""

import sys
from types import FrameType


def serves_this_process() -> bool:
    """Return whether hypercorn's own command serves in this process, as its worker or alone.

    What a fix changes for the whole process is not for a program that calls `hypercorn.asyncio.serve`.
    """
    return frame_of_the_worker() is not None


def frame_of_the_worker() -> FrameType | None:
    """Return the frame of hypercorn's function for a process that serves, if the caller is inside one."""
    frame: FrameType | None = sys._getframe()
    while frame := frame and frame.f_back:
        if frame.f_globals.get("__name__") == "hypercorn.asyncio.run" and frame.f_code.co_name.endswith("_worker"):
            return frame
    return None
