"""Logs: JSON lines on standard output, with a request id that the client gets too."""

import json
import logging
import subprocess
import sys

import pytest
from quart import Quart

from quart_auth_app.web.telemetry.logs import JsonLines
from tests.people import Client


def written(caplog: pytest.LogCaptureFixture, logger: str) -> list[dict[str, object]]:
    """Return the lines of one logger as a reader of standard output gets them."""
    lines = [JsonLines().format(record) for record in caplog.records if record.name == logger]
    assert all("\n" not in line for line in lines)
    return [json.loads(line) for line in lines]


@pytest.mark.asvs("16.2.4", "16.2.5")
async def test_the_access_log_has_no_query_and_no_referer(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    response = await client.get("/login?next=/secret", headers={"Referer": "http://localhost/token"})
    (line,) = written(caplog, "quart_auth_app.access")
    milliseconds = line.pop("milliseconds")
    assert isinstance(milliseconds, float)
    assert 0 < milliseconds < 5000
    assert line.pop("time")
    assert line == {
        "method": "GET",
        "path": "/login",
        "status": 200,
        "address": "",
        "request_id": response.headers["X-Request-ID"],
    }


@pytest.mark.asvs("16.3.4")
async def test_a_bug_is_logged_with_its_traceback_in_one_line(
    app: Quart, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/bug")
    async def bug() -> str:
        raise ZeroDivisionError("the inside")

    await client.get("/bug")
    (line,) = written(caplog, "quart_auth_app")
    assert line["level"] == "ERROR"
    assert "ZeroDivisionError: the inside" in str(line["exception"])


@pytest.mark.asvs("16.2.3")
def test_all_of_it_goes_to_standard_output() -> None:
    code = """
import asyncio
from quart_auth_app import create_app
asyncio.run(create_app({"DATABASE_URL": "sqlite://"}).test_client().get("/profile"))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [json.loads(line).get("event", "access") for line in run.stdout.splitlines()] == [
        "log_in_required",
        "access",
    ]
    assert run.stderr == ""


def test_who_configures_logging_first_is_left_alone() -> None:
    code = """
import logging
from quart_auth_app import create_app
logging.basicConfig(format="mine: %(message)s")
create_app({"DATABASE_URL": "sqlite://"})
print(logging.getLogger("quart_auth_app").handlers)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


@pytest.mark.asvs("16.4.1")
def test_a_record_of_any_other_kind_is_a_line_too() -> None:
    record = logging.LogRecord("quart_auth_app.x", logging.WARNING, "", 0, "a %s", ("b\x1b[2J",), None)
    line = json.loads(JsonLines().format(record))
    assert (line["level"], line["logger"], line["message"]) == ("WARNING", "quart_auth_app.x", "a b\x1b[2J")
