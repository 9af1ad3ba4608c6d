"""The operator's acts in the security log."""

import json
import os
import pwd
import re
import socket
from pathlib import Path

import pytest

from quart_auth_app.cli import acts
from tests.cli.test_cli import OTHER_PASSWORD, Operator, commands
from tests.databases import NewDatabase
from tests.inbox import Inbox
from tests.people import BOB, Events

ME = pwd.getpwuid(os.getuid()).pw_name

READING = {
    "user list",
    "user show",
    "user access-keys",
    "user activity",
    "overview",
    "session list",
    "mail list",
    "doctor",
    "db current",
    "db check",
}
"""Commands that change nothing."""

NO_ACTS = {"db migration", "serve", "new", "completion"}
"""What an operator does to no account: a site's code is written, a server runs."""

ACTS: dict[str, tuple[list[str], dict[str, object]]] = {
    "user add": (["eve@example.com", "--name", "Eve"], {"user": 2}),
    "user invite": (["ann@example.com", "--name", "Ann"], {"user": 2}),
    "user send-reset": (["1"], {"user": 1}),
    "mail test": (["ann@example.com"], {}),
    "mail retry": ([], {}),
    "user disable": ([BOB["email"]], {"user": 1}),
    "user enable": (["1"], {"user": 1}),
    "user set-password": (["1"], {"user": 1}),
    "user reset-second-step": (["1"], {"user": 1}),
    "user revoke-access-keys": (["1"], {"user": 1}),
    "session revoke": (["--user", "1"], {"user": 1}),
    "user grant": (["1", "admin"], {"user": 1}),
    "user withdraw": (["1", "admin", "--even-last-admin"], {"user": 1, "even_last_admin": True}),
    "user delete": (["1", "--yes"], {"user": 1}),
    "db upgrade": ([], {}),
    "secrets rotate": ([], {}),
    "prune": ([], {}),
}
"""By command: what is typed behind it, and what the line tells besides the command."""


@pytest.fixture(autouse=True)
def _nobody_else_logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(acts, "LOG_IN_USER", tmp_path / "none")


@pytest.fixture
def operator(new_database: NewDatabase, inbox: Inbox) -> Operator:
    """The operator of an application with one account. Without a system log and a terminal."""
    operator = Operator(new_database(), MAIL_URL=inbox.url, SSH_CONNECTION="192.0.2.7 50000 192.0.2.1 22", SUDO_USER="")
    operator.add(BOB)
    return operator


def line(operator: Operator, *arguments: str) -> dict[str, object]:
    """Run the command; return the line that it wrote to standard error, but for the time."""
    result = operator.run(*arguments, typed=OTHER_PASSWORD)
    assert result.exit_code == 0
    found: dict[str, object] = json.loads(result.stderr.splitlines()[-1])
    assert re.match(r"20\d\d-", str(found.pop("time")))
    return found


def test_every_command_that_changes_something_is_known_here() -> None:
    assert {name for name, _ in commands()} == ACTS.keys() | READING | NO_ACTS


@pytest.mark.asvs("16.2.1", "16.3.3")
@pytest.mark.parametrize("command", ACTS)
def test_an_act_is_noted_with_who_what_and_from_where(operator: Operator, command: str) -> None:
    arguments, told = ACTS[command]
    said = {"event": "operator", "command": command, "by": ME, "address": "192.0.2.7"}
    assert line(operator, *command.split(), *arguments) == said | told


def test_the_number_of_a_session_and_the_whole_lot_are_told(operator: Operator, events: Events) -> None:
    assert line(operator, "session", "revoke", "--all")["everybodys"] is True
    operator.run("session", "revoke", "7")
    assert events.names == ["operator"], "what is refused has changed nothing"


@pytest.mark.parametrize("command", ["user list", "user show 1", "session list", "mail list", "db current", "db check"])
def test_who_only_reads_leaves_no_line(operator: Operator, events: Events, command: str) -> None:
    before = len(events.names)
    assert operator.run(*command.split()).stderr == ""
    assert len(events.names) == before


def test_the_line_names_nobody_by_address_and_holds_no_secret(operator: Operator, events: Events) -> None:
    for command, (arguments, _) in ACTS.items():
        operator.run(*command.split(), *arguments, typed=OTHER_PASSWORD)
    assert len(events.lines) == len(ACTS)
    assert not re.search(rf"@|Eve|[$]|{OTHER_PASSWORD}", "".join(events.lines))


@pytest.mark.parametrize(("number", "name"), [(0, "root"), (4_000_000_001, "4000000001")])
def test_who_logged_in_before_sudo_is_told(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, name: str
) -> None:
    monkeypatch.setattr(acts, "LOG_IN_USER", tmp_path / "loginuid")
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_002)
    (tmp_path / "loginuid").write_text(str(number))
    assert line(operator, "prune")["by"] == f"{name} as 4000000002"
    (tmp_path / "loginuid").write_text(str(acts.NOBODY))
    assert line(operator, "prune")["by"] == "4000000002"
    operator.settings["SUDO_USER"] = "ann"
    assert line(operator, "prune")["by"] == "ann as 4000000002"


def test_without_ssh_the_terminal_is_told(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    operator.settings["SSH_CONNECTION"] = ""
    assert not {"address", "terminal"} & line(operator, "prune").keys()
    ours, theirs = os.openpty()
    name = os.ttyname(theirs)
    monkeypatch.setattr(acts, "_terminal", lambda number: os.ttyname(theirs) if number == 0 else "")
    assert line(operator, "prune")["terminal"] == name
    os.close(ours)
    os.close(theirs)


def test_the_line_goes_to_the_system_log_where_there_is_one(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As a datagram of syslog(3): 80 is the facility authpriv, 6 its level info."""
    monkeypatch.setattr(acts, "SYSTEM_LOG", str(tmp_path / "log"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(tmp_path / "log"))
        log.settimeout(5)
        assert operator.run("user", "disable", "1").stderr == ""
        head, _, sent = log.recv(10_000).decode().rstrip("\0").partition(" ")
    assert head == "<86>quart-auth-app:"
    assert json.loads(sent)["command"] == "user disable"
