"""Shows a command's progress in a line on a terminal, removed at the end; nothing in a pipe or a file."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from quart_auth_app.progress import Tell, nobody

TO_LINE_END = "\x1b[K"
"""Clears the line from the cursor on (ECMA-48, EL)."""


@contextmanager
def progress(label: str) -> Iterator[Tell]:
    """Return a callback that shows progress on standard error, if both outputs are terminals."""
    if not (sys.stderr.isatty() and sys.stdout.isatty()):
        yield nobody
        return
    shown = ""

    def tell(done: int, total: int) -> None:
        nonlocal shown
        line = f"\r{label}: {done:,} of {total:,}{TO_LINE_END}"
        if line != shown:
            shown = line
            sys.stderr.write(line)
            sys.stderr.flush()

    try:
        yield tell
    finally:
        if shown:
            sys.stderr.write(f"\r{TO_LINE_END}")
            sys.stderr.flush()
