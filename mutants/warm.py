"""Tries changes of functions in forks of a pytest that has collected the tests and set up their shared fixtures.

So nothing is imported or copied for a change: each fork replaces the code of the changed functions and runs the tests.
"""

import gc
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryFile
from types import CodeType, FunctionType
from typing import Any, BinaryIO

import pytest
from _pytest.runner import runtestprotocol

from mutants.forks import fork

TIME_LIMIT = 120
"""Seconds for the tests of one change; if they hang, the change counts as noticed."""

GREEN, RED, OUTSIDE = 0, 1, 3

KEEPING = type(lru_cache(abs))
"""The type of functions that keep their results."""


@dataclass(frozen=True)
class Change:
    """A file, a description of the change, and the whole changed source."""

    file: Path
    does: str
    source: str


class OutsideFunctions(Exception):
    """The change is in code that runs while the file is imported, so it can't be made afterwards."""


def give(file: Path, source: str) -> None:
    """Replace the code of an imported file's functions by that of the changed source. Raises OutsideFunctions."""
    before, after = (compile(text, str(file), "exec") for text in (file.read_text("utf-8"), source))
    changed = {(old.co_qualname, old.co_firstlineno): new for old, new in _functions(before, after)}
    gc.unfreeze()  # tests/conftest.py froze the objects: get_objects does not return frozen ones
    packages = set()
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and each.__code__.co_filename == str(file):
            code = changed.get((each.__code__.co_qualname, each.__code__.co_firstlineno), each.__code__)
            if code.co_freevars != each.__code__.co_freevars:
                raise OutsideFunctions
            each.__code__ = code
            packages.add(_package(each))
    for each in gc.get_objects():
        if isinstance(each, KEEPING) and _package(each) in packages:
            each.cache_clear()  # a result from before the change would hide it


def _package(function: Any) -> str:
    return str(function.__module__).partition(".")[0]


def _functions(old: CodeType, new: CodeType, *, imports: bool = True) -> Iterator[tuple[CodeType, CodeType]]:
    """Yield the code of each function before and after the change, also of those in functions and classes."""
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
        """Set up the shared fixtures by running a test, then try the changes, `at_once` at the same time."""
        first, *others = session.items
        first.config.hook.pytest_runtest_protocol(item=first, nextitem=(others or [first])[0])
        running = dict[int, tuple[Change, BinaryIO]]()
        while running or (self.waiting and time.time() < self.until):
            while self.waiting and len(running) < self.at_once and time.time() < self.until:
                change, output = self.waiting.pop(0), TemporaryFile()  # noqa: SIM115  # closed when its fork has ended
                work = partial(_try, session, change)
                running[fork(work, output=output.fileno(), seconds=TIME_LIMIT)] = change, output
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
