"""Writes a repeated error only once a second, with a count: otherwise clients could fill a disk with tracebacks."""

import errno
import logging
from dataclasses import dataclass
from time import monotonic

EVERY = 1.0
"""Seconds after writing an error during which equal ones are only counted."""

MAX_REMEMBERED = 1000
"""How many different errors are remembered at one time."""


@dataclass
class _Written:
    at: float
    left_out: int = 0


class OnceASecond(logging.Filter):
    """Passes the first of equal warnings and errors in each second; the next one says how many were left out."""

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
    # Running out of file descriptors is no bug in the code, so one line without a traceback is enough.
    error = record.exc_info and record.exc_info[1]
    if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
        record.msg, record.args = f"{record.getMessage().splitlines()[0]}: {error.strerror}", ()
        record.exc_info = None


def _which(record: logging.LogRecord) -> tuple[object, ...]:
    """Return a key that equal errors share, without parts that a client can change, such as the path in a message."""
    kind, _, traceback = record.exc_info if record.exc_info else (None, None, None)
    if kind is None:
        return record.name, record.levelno, str(record.msg).partition("\n")[0]
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    place = (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno) if traceback else ()
    return record.name, record.levelno, kind, *place


once_a_second = OnceASecond()
"""The only one, for all handlers and loggers of the process."""


def thin_out(logger: logging.Logger) -> None:
    """Let this logger, of another package, write equal errors only once a second."""
    logger.addFilter(once_a_second)
