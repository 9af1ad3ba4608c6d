"""Try changes of functions in forks of a pytest that has collected the tests and made what they share.

Nothing is imported or copied for a change: each fork gives the functions their changed code, and runs the tests.
"""

import gc
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from types import CodeType, FunctionType
from typing import BinaryIO

import pytest
from _pytest.runner import runtestprotocol

TIME_LIMIT = 120
"""Seconds for the tests of one change; one that makes them hang counts as noticed."""

GREEN, RED, OUTSIDE = 0, 1, 3


@dataclass(frozen=True)
class Change:
    """A file, where and what is changed, and the whole changed source."""

    file: Path
    does: str
    source: str


class OutsideFunctions(Exception):
    """The change is in what runs while the file is imported, so it can't be made afterwards."""


def give(file: Path, source: str) -> None:
    """Give the functions of a file that is imported the code of the changed source. Raises OutsideFunctions."""
    before, after = (compile(text, str(file), "exec") for text in (file.read_text("utf-8"), source))
    changed = {(old.co_qualname, old.co_firstlineno): new for old, new in _functions(before, after)}
    gc.unfreeze()  # tests/conftest.py has hidden from the collector what was there
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and each.__code__.co_filename == str(file):
            code = changed.get((each.__code__.co_qualname, each.__code__.co_firstlineno), each.__code__)
            if code.co_freevars != each.__code__.co_freevars:
                raise OutsideFunctions
            each.__code__ = code


def _functions(old: CodeType, new: CodeType, *, imports: bool = True) -> Iterator[tuple[CodeType, CodeType]]:
    """Yield the code of each function before and after the change, those within functions and classes too."""
    if imports and _without_code(old) != _without_code(new):
        raise OutsideFunctions
    for before, after in zip(_codes(old), _codes(new), strict=False):
        is_function = bool(before.co_flags & 0x02)  # CO_NEWLOCALS, which a class lacks
        if is_function:
            yield before, after
        yield from _functions(before, after, imports=imports and not is_function)


def _codes(code: CodeType) -> list[CodeType]:
    return [each for each in code.co_consts if isinstance(each, CodeType)]


def _without_code(code: CodeType) -> tuple[object, ...]:
    others = [repr(each) for each in code.co_consts if not isinstance(each, CodeType)]
    return code.co_code, code.co_names, others, len(_codes(code))


class Warm:
    """A plugin of pytest that tries the changes instead of running the tests once."""

    def __init__(self, changes: Sequence[Change], *, at_once: int, until: float) -> None:
        self.waiting, self.at_once, self.until = [*changes], at_once, until
        self.outside: list[Change] = []
        self.tried = self.missed = 0

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Make what the tests share, then try each change, as many at once as there are cores."""
        first, *others = session.items
        first.config.hook.pytest_runtest_protocol(item=first, nextitem=(others or [first])[0])
        running = dict[int, tuple[Change, BinaryIO]]()
        while running or (self.waiting and time.time() < self.until):
            while self.waiting and len(running) < self.at_once and time.time() < self.until:
                change, output = self.waiting.pop(0), TemporaryFile()  # noqa: SIM115  # closed when its fork has ended
                running[_fork(session, change, output)] = change, output
            process, status = os.wait()
            if process in running:
                with suppress(ProcessLookupError):
                    os.killpg(process, signal.SIGKILL)  # servers that its tests have left running
                self._tell(*running.pop(process), status)
        return True

    def _tell(self, change: Change, output: BinaryIO, status: int) -> None:
        with output:
            output.seek(0)
            text = output.read().decode(errors="replace")
        code = RED if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)
        if code == OUTSIDE:
            self.outside.append(change)
            return
        by = next(
            (line for line in text.splitlines() if line.startswith("noticed by ")), "noticed, it hangs or crashes"
        )
        self.tried += 1
        self.missed += code != RED
        said = {GREEN: "SURVIVES", RED: by}.get(code, f"the tests don't run:\n{text[-3000:]}")
        print(f"{change.file.name} {change.does}: {said}", flush=True)


def _fork(session: pytest.Session, change: Change, output: BinaryIO) -> int:
    sys.stdout.flush()
    if process := os.fork():
        return process
    code = 2
    try:
        os.setsid()
        signal.alarm(TIME_LIMIT)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        code = _try(session, change)
        sys.stdout.flush()
    finally:
        os._exit(code)


def _try(session: pytest.Session, change: Change) -> int:
    try:
        give(change.file, change.source)
    except OutsideFunctions:
        return OUTSIDE
    items = session.items
    session._setupstate.teardown_exact(items[0])
    for item, following in zip(items, [*items[1:], items[0]], strict=True):
        for report in runtestprotocol(item, nextitem=following, log=False):
            if report.failed:
                print(f"\nnoticed by {item.nodeid}", flush=True)
                return RED
    return GREEN
