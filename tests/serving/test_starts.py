"""How servers start, fail to start, and load changed code."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypercorn.config import Config
from hypercorn.logging import Logger

from quart_auth_app.serving.hypercorn_fixes import broken_logging_traceback
from tests.databases import SECRET_KEY
from tests.servers import ROOT, free_port, running, started, wait_for

ENVIRONMENT = {"SECRET_KEY": SECRET_KEY, "PYTHONPATH": str(ROOT), "DATABASE_URL": "sqlite://"}


def run(folder: Path, command: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a module with arguments until it ends."""
    return subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=folder, env=os.environ | ENVIRONMENT | settings, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_several_workers_that_cannot_start_end_the_server_with_exit_code_1(tmp_path: Path) -> None:
    ended = run(tmp_path, "quart_auth_app.cli serve --bind 127.0.0.1:0 --workers 3", SECRET_KEY="short")
    assert ended.returncode == 1
    assert [line.partition(" has ")[0] for line in ended.stderr.splitlines()] == ["SECRET_KEY"]


BARE = "hypercorn --bind 127.0.0.1:0"
"""hypercorn's own command without our hypercorn.toml: a master and one worker."""


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY has 5 characters"),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "DATABASE_URL: the database can't be used now"),
    ],
)
def test_a_start_that_fails_under_bare_hypercorn_is_one_sentence_and_no_success(
    tmp_path: Path, setting: dict[str, str], sentence: str
) -> None:
    ended = run(tmp_path, f"{BARE} quart_auth_app:create_app()", **setting)
    assert ended.returncode != 0
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith(sentence)


def test_of_two_workers_that_cannot_start_one_says_so(tmp_path: Path) -> None:
    ended = run(tmp_path, f"{BARE} --workers 2 quart_auth_app:create_app()", SECRET_KEY="short")
    assert ended.returncode != 0
    assert ended.stderr.count("SECRET_KEY has 5 characters") == 1
    assert "Traceback" not in ended.stderr


def test_an_error_of_the_sites_own_at_the_start_is_no_success_under_bare_hypercorn(tmp_path: Path) -> None:
    (tmp_path / "my_site.py").write_text(
        "from quart_auth_app import create_app\napp = create_app()\nraise OSError('mine')"
    )
    ended = run(tmp_path, f"{BARE} my_site:app")
    assert ended.returncode != 0
    assert ended.stderr.splitlines()[-1] == "OSError: mine"


def test_bare_hypercorn_that_has_served_ends_with_exit_code_0(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hypercorn", "--bind", "127.0.0.1:PORT", "quart_auth_app:create_app()"]
    with running(tmp_path, ENVIRONMENT, command=command) as server:
        server.process.terminate()
        assert server.process.wait(60) == 0


@pytest.fixture
def busy_port() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.mark.parametrize("command", ["serve --bind 127.0.0.1:PORT", "serve --bind 127.0.0.1:PORT --workers 2"])
def test_a_busy_port_is_told_in_one_sentence(tmp_path: Path, busy_port: int, command: str) -> None:
    ended = run(tmp_path, f"quart_auth_app.cli {command}".replace("PORT", str(busy_port)))
    assert (ended.returncode, ended.stderr) == (1, f"Can't listen on 127.0.0.1:{busy_port}: Address already in use\n")


@pytest.mark.parametrize(
    ("bind", "reason"),
    [
        ("127.0.0.1:99999", "bind(): port must be 0-65535."),
        ("ä..b:8000", "encoding of hostname failed"),
        ("fd://three", "invalid literal for int() with base 10: 'three'"),
    ],
)
def test_an_address_that_cannot_be_is_told_in_one_sentence(tmp_path: Path, bind: str, reason: str) -> None:
    ended = run(tmp_path, f"quart_auth_app.cli serve --bind {bind}")
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Can't listen on {bind}: {reason}")
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_a_configuration_of_logging_that_cannot_be_used_is_told_in_one_sentence(tmp_path: Path, workers: int) -> None:
    (tmp_path / "own.toml").write_text(f"bind = '127.0.0.1:0'\nworkers = {workers}\nlogconfig = 'log'")
    (tmp_path / "log").write_text("a password")
    ended = run(tmp_path, "quart_auth_app.cli serve --config own.toml")
    names = ("", "log is invalid: ")  # Python 3.11.4 and later name the file
    said = [f"logconfig can't be used: {name}File contains no section headers.\n" for name in names]
    assert ended.returncode == 1
    assert ended.stderr in said


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"logconfig": "none.ini"}, "logconfig can't be used: No such file or directory"),
        ({"logconfig": "keys.ini"}, "logconfig can't be used: 'formatters' is missing"),
        ({"logconfig": "json:keys.ini"}, "logconfig can't be used: Expecting value: line 1 column 2 (char 1)"),
        ({"logconfig": "toml:none"}, "logconfig can't be used: No such file or directory"),
        ({"logconfig_dict": {"version": 2}}, "logconfig_dict can't be used: Unsupported version: 2"),
        (
            {"logconfig_dict": {"version": 1, "incremental": True, "handlers": {"x": {}}}},
            "logconfig_dict can't be used: No handler found with name 'x'",
        ),
        ({"accesslog": "none/log"}, "accesslog or errorlog can't be used: No such file or directory"),
    ],
)
def test_whatever_is_wrong_with_the_configuration_of_logging_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: dict[str, Any], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("keys.ini").write_text("[loggers]")
    monkeypatch.setattr(Logger, "__init__", Logger.__init__)
    broken_logging_traceback.fix()
    with pytest.raises(SystemExit) as refused:
        Logger(Config.from_mapping(config, errorlog=""))
    assert refused.value.code == said


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("bind = [", "own.toml is no TOML in UTF-8: Invalid value (at end of document)"),
        ("workers = 'two'", "own.toml: workers must be a whole number"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_told_in_one_sentence(
    tmp_path: Path, content: str, sentence: str
) -> None:
    (tmp_path / "own.toml").write_text(content)
    ended = run(tmp_path, "quart_auth_app.cli serve --config own.toml")
    assert (ended.returncode, ended.stderr) == (1, f"Error: {sentence}\n")


def test_as_many_processes_serve_as_the_configuration_says(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("workers = 2")
    command = [sys.executable, "-m", "quart_auth_app.cli", "serve", "--config", "own.toml", "--bind", "127.0.0.1:PORT"]
    with running(tmp_path, ENVIRONMENT, command=command) as server:
        wait_for(server)
        end = time.monotonic() + 20
        while server.log.read_text().count("Running on") < 2 and time.monotonic() < end:
            time.sleep(0.05)
    assert server.log.read_text().count("Running on") == 2


def test_quart_run_tells_of_a_busy_port_in_one_sentence(tmp_path: Path, busy_port: int) -> None:
    ended = run(tmp_path, f"quart --app quart_auth_app run --port {busy_port}")
    assert ended.returncode == 1
    assert ended.stderr == f"Can't listen on 127.0.0.1:{busy_port}: Address already in use\n"


def test_two_workers_start_without_a_word_about_ports_in_use(tmp_path: Path) -> None:
    settings = ENVIRONMENT | {"WORKERS": "2", "METRICS_BIND": f"127.0.0.1:{free_port(2)}"}
    with started(tmp_path, settings, workers=2) as server:
        wait_for(server)
        end = time.monotonic() + 20
        while server.log.read_text().count("metrics on") < 2 and time.monotonic() < end:
            time.sleep(0.05)
    log = server.log.read_text()
    assert log.count("metrics on") == 2
    assert "in use" not in log


@pytest.mark.slow
def test_quart_run_loads_changed_code_without_a_traceback_and_logs_each_request_once(tmp_path: Path) -> None:
    site, port, log = tmp_path / "my_site.py", free_port(), tmp_path / "log"
    site.write_text("from quart_auth_app import create_app\napp = create_app()\n")
    command = [sys.executable, "-m", "quart", "--app", "my_site", "run", "--debug", "--port", str(port)]
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, cwd=tmp_path, env=os.environ | ENVIRONMENT, stdout=output, stderr=output, start_new_session=True
        )
    try:
        until_answered(server, port, log)
        site.write_text(site.read_text() + "@app.get('/new')\nasync def new():\n    return 'new'\n")
        time.sleep(3)  # asyncio logs a connection that it accepts while it ends, with a traceback: ask once it is back
        until_answered(server, port, log, "/new?secret-token")
    finally:
        server.terminate()
        server.wait(20)
    said = log.read_text()
    assert "Traceback" not in said
    assert "secret-token" not in said
    assert len(re.findall(r'/new\b.*"?status"?\W+200|GET /new\b', said)) == 1


def until_answered(server: "subprocess.Popen[bytes]", port: int, log: Path, path: str = "/") -> None:
    """Wait until the page is there."""
    end = time.monotonic() + 40
    while True:
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
