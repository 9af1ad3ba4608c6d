"""Logs: one line of JSON each, on standard output. JSON escapes what could forge a line or move a terminal's cursor."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from hypercorn.logging import AccessLogAtoms
from quart import Quart

from quart_auth_app.web.telemetry.repeated_errors import once_a_second

LOGGER = "quart_auth_app"
"""The parent of all our loggers. Configure a handler for it before `create_app`, and the lines go there instead."""


class JsonLines(logging.Formatter):
    """Writes the fields that `write` was given, or those of any other record: level, logger and message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {"time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")}
        line |= getattr(record, "fields", None) or {
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def init_app(app: Quart) -> None:
    """Send our logs, and those of the application, to standard output unless somebody has said where else they go."""
    join()
    _send_to_standard_output(logging.getLogger(app.name))
    logging.getLogger(app.name).addFilter(_is_no_second_access_log)


def _is_no_second_access_log(record: logging.LogRecord) -> bool:
    # `quart run` has hypercorn write one into the application's log. Ours has each request already, and no query
    # strings, which hold the tokens of mailed links.
    return not isinstance(record.args, AccessLogAtoms)


def join() -> None:
    """Send our logs alone to standard output, unless somebody has said where else they go."""
    logging.getLogger(LOGGER).setLevel(logging.INFO)
    _send_to_standard_output(logging.getLogger(LOGGER))


def _send_to_standard_output(logger: logging.Logger) -> None:
    if not logger.hasHandlers():
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(JsonLines())
        handler.addFilter(once_a_second)
        logger.addHandler(handler)
        logger.propagate = False


def write(logger: logging.Logger, **fields: str | int | float) -> None:
    """Write one line that has these fields after its time."""
    if logger.isEnabledFor(logging.INFO):
        # logger.info would also look for the line of source that it was called from, for each page.
        line = logger.makeRecord(logger.name, logging.INFO, "", 0, "%s", (fields,), None, extra={"fields": fields})
        logger.handle(line)
