"""Logs: lines of JSON on standard output. JSON escapes characters that could fake a line or control a terminal."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from hypercorn.logging import AccessLogAtoms
from quart import Quart

from quart_auth_app.web.telemetry.repeated_errors import once_a_second

LOGGER = "quart_auth_app"
"""The parent of all our loggers. If it has a handler before `create_app` is called, the lines go there instead."""


class JsonLines(logging.Formatter):
    """Formats the fields given to `write`; for any other record level, logger and message."""

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
    """Send our logs and the application's to standard output, unless they have handlers already."""
    join()
    _send_to_standard_output(logging.getLogger(app.name))
    logging.getLogger(app.name).addFilter(_is_no_second_access_log)


def _is_no_second_access_log(record: logging.LogRecord) -> bool:
    # `quart run` lets hypercorn write its access log to the application's log. Ours has each request already, and
    # leaves out query strings, which contain the tokens of mailed links.
    return not isinstance(record.args, AccessLogAtoms)


def join() -> None:
    """Send only our logs to standard output, unless they have a handler already."""
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
    """Write one line with the time and these fields."""
    if logger.isEnabledFor(logging.INFO):
        # Not logger.info, which also looks up the line of source that called it: too slow for each page.
        line = logger.makeRecord(logger.name, logging.INFO, "", 0, "%s", (fields,), None, extra={"fields": fields})
        logger.handle(line)
