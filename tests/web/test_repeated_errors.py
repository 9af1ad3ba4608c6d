"""The same error is written once a second, with a count, however often it happens."""

import errno
import json
import logging
from pathlib import Path

import pytest

from quart_auth_app.web.telemetry import repeated_errors
from quart_auth_app.web.telemetry.repeated_errors import OnceASecond
from tests.servers import running

BUGGY = """
from quart_auth_app import create_app as create

def create_app():
    app = create()

    @app.get("/bug/<path:any>")
    async def bug(any):
        raise ZeroDivisionError

    return app
"""


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of the filter."""
    now = [100.0]
    monkeypatch.setattr(repeated_errors, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def logger() -> tuple[logging.Logger, list[str]]:
    """A logger with the filter, and what it has written."""
    written: list[str] = []

    class Noting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(record.getMessage())

    logger, handler = logging.Logger("some"), Noting()
    handler.addFilter(OnceASecond())
    logger.addHandler(handler)
    return logger, written


def fail(logger: logging.Logger, path: str) -> None:
    """Log an error of one place whose message has something of the client's."""
    try:
        1 / 0  # noqa: B018  # for its error
    except ZeroDivisionError:
        logger.exception("error at %s", path)


def test_too_few_descriptors_for_all_connections_is_one_line() -> None:
    error = OSError(errno.EMFILE, "Too many open files")
    message = "out of resource\nsocket: 3"
    record = logging.LogRecord("asyncio", logging.ERROR, "", 0, message, (), (OSError, error, None))
    assert OnceASecond().filter(record)
    assert record.getMessage() == "out of resource: Too many open files"
    assert not record.exc_info


def test_equal_errors_are_counted_and_the_next_says_how_many(
    logger: tuple[logging.Logger, list[str]], seconds: list[float]
) -> None:
    log, written = logger
    for number in range(1000):
        fail(log, f"/{number}")
    seconds[0] += 0.9
    fail(log, "/late")
    seconds[0] += 0.2
    fail(log, "/next")
    seconds[0] += 1.1
    fail(log, "/alone")
    assert written == ["error at /0", "error at /next (and 1000 more like it since)", "error at /alone"]


def test_other_errors_other_levels_and_events_are_written(
    logger: tuple[logging.Logger, list[str]], seconds: list[float]
) -> None:
    log, written = logger
    log.error("a %s", 1)
    log.error("a %s", 2)
    log.error("b %s", 1)
    log.warning("a %s", 1)
    log.info("a %s", 1)
    log.info("a %s", 1)
    assert written == ["a 1", "b 1", "a 1", "a 1", "a 1"]
    assert seconds


def test_what_is_remembered_has_an_end(seconds: list[float]) -> None:
    thinning = OnceASecond()
    for number in range(3 * repeated_errors.MAX_REMEMBERED):
        assert thinning.filter(logging.LogRecord("x", logging.ERROR, "", 0, f"message {number}", (), None))
    assert len(thinning._written) <= repeated_errors.MAX_REMEMBERED
    assert seconds


@pytest.mark.slow
@pytest.mark.asvs("16.3.4")
def test_a_flood_of_errors_is_a_few_tracebacks(tmp_path: Path) -> None:
    (tmp_path / "buggy.py").write_text(BUGGY)
    with running(tmp_path, {}, application="buggy:create_app()") as server:
        visitor = server.visitor()
        answers = [visitor.get(f"/bug/{number}").status for number in range(200)]
    assert answers == [500] * 200
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    with_traceback = [line for line in lines if "ZeroDivisionError" in line.get("exception", "")]
    assert 1 <= len(with_traceback) <= 20
    assert sum(line.get("event") == "error" for line in lines) == 200, "each is an event all the same"
