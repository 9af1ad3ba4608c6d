"""How far a command has come: a line on a terminal, gone when it ends; nothing in a pipe or a file."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from quart_auth_app.progress import Tell, nobody

TO_LINE_END = "\x1b[K"
"""Clears what stands behind the cursor (ECMA-48, EL)."""


@contextmanager
def progress(label: str) -> Iterator[Tell]:
    """Give what shows on standard error how much is done, if people see both outputs."""
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
