"""The same error a thousand times a second is one line a second, with a count: nobody fills a disk with tracebacks."""

import errno
import logging
from dataclasses import dataclass
from time import monotonic

EVERY = 1.0
"""Seconds in which an error that has been written is only counted."""

MAX_REMEMBERED = 1000
"""Different errors that are told apart at one time."""


@dataclass
class _Written:
    at: float
    left_out: int = 0


class OnceASecond(logging.Filter):
    """Lets the first of equal warnings and errors through in each second; the next one says how many were left out."""

    def __init__(self) -> None:
        super().__init__()
        self._written: dict[tuple[object, ...], _Written] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is to be written."""
        if record.levelno < logging.WARNING:
            return True
        which, now = _which(record), monotonic()
        before = self._written.get(which)
        if before and now - before.at < EVERY:
            before.left_out += 1
            return False
        if len(self._written) >= MAX_REMEMBERED:
            self._written.clear()
        self._written[which] = _Written(now)
        _shorten(record)
        if before and before.left_out:
            record.msg, record.args = f"{record.getMessage()} (and {before.left_out} more like it since)", ()
        return True


def _shorten(record: logging.LogRecord) -> None:
    # More connections than descriptors is no fault of the code's: a line says all.
    error = record.exc_info and record.exc_info[1]
    if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
        record.msg, record.args = f"{record.getMessage().splitlines()[0]}: {error.strerror}", ()
        record.exc_info = None


def _which(record: logging.LogRecord) -> tuple[object, ...]:
    """Return what equal errors have in common: not what a client can change, such as the path in a message."""
    kind, _, traceback = record.exc_info if record.exc_info else (None, None, None)
    if kind is None:
        return record.name, record.levelno, str(record.msg).partition("\n")[0]
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    place = (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno) if traceback else ()
    return record.name, record.levelno, kind, *place


once_a_second = OnceASecond()
"""One for all handlers and loggers of the process."""


def thin_out(logger: logging.Logger) -> None:
    """Let this logger of somebody else's write the same error once a second only."""
    logger.addFilter(once_a_second)
