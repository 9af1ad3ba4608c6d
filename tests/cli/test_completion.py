"""At the press of Tab, the shells themselves complete our commands: bash, zsh and fish as Debian has them."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.test_cli import ROOT, Operator

PATIENCE = 90
"""Seconds; each Tab starts the command, which takes one."""


def needs(shell: str) -> pytest.MarkDecorator:
    """Leave a test out where the shell is missing; under CI that is a failure."""
    is_missing = not shutil.which(shell) and not os.environ.get("CI")
    return pytest.mark.skipif(is_missing, reason=f"needs {shell}; under CI this is a failure")


@pytest.fixture
def shell_environment(tmp_path: Path) -> dict[str, str]:
    """A folder with the command in it, and no settings: they are not needed."""
    command = tmp_path / "bin" / "quart-auth-app"
    command.parent.mkdir()
    program = "from quart_auth_app.cli import main; main(prog_name='quart-auth-app')"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{program}" "$@"\n')
    command.chmod(0o755)
    path = f"{command.parent}:{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "TERM": "dumb", "LANG": "C.UTF-8"}


def script(shell: str, folder: Path) -> Path:
    """Write what `completion` prints into a file."""
    file = folder / f"completion.{shell}"
    file.write_text(Operator("", SECRET_KEY="").run("completion", shell).stdout)
    return file


TYPED = {
    "quart-auth-app us": {"user"},
    "quart-auth-app user gr": {"grant"},
    "quart-auth-app user list --js": {"--json"},
    "quart-auth-app completion ": {"bash", "fish", "zsh"},
    "quart-auth-app db ": {"check", "current", "migration", "upgrade"},
}
"""What is typed, and what it can go on with."""


@needs("bash")
@pytest.mark.parametrize("typed", TYPED)
def test_bash(shell_environment: dict[str, str], tmp_path: Path, typed: str) -> None:
    words = typed.split(" ")
    lines = [
        f"source {script('bash', tmp_path)}",
        "complete -p quart-auth-app",
        f"COMP_WORDS=({' '.join(word or repr('') for word in words)}) COMP_CWORD={len(words) - 1}",
        "_quart_auth_app_completion quart-auth-app",
        "printf '%s\\n' \"${COMPREPLY[@]}\"",
    ]
    ask = "\n".join(lines)
    done = subprocess.run(
        ["bash", "--norc", "-c", ask], env=shell_environment, capture_output=True, text=True, check=True
    )
    registered, *found = done.stdout.splitlines()
    assert "_quart_auth_app_completion quart-auth-app" in registered
    assert set(found) == TYPED[typed]


@needs("fish")
@pytest.mark.parametrize("typed", TYPED)
def test_fish(shell_environment: dict[str, str], tmp_path: Path, typed: str) -> None:
    ask = f"source {script('fish', tmp_path)}; complete --do-complete '{typed}'"
    done = subprocess.run(["fish", "-c", ask], env=shell_environment, capture_output=True, text=True, check=True)
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} == TYPED[typed]


@needs("zsh")
def test_zsh(shell_environment: dict[str, str], tmp_path: Path) -> None:
    """On a terminal, as zsh completes nowhere else: what is typed before Tab has become the whole word after it."""
    (tmp_path / ".zshrc").write_text(
        f"PS1='ready> '\nautoload -Uz compinit && compinit -u\nsource {script('zsh', tmp_path)}\n"
    )
    process, terminal = pty.fork()
    if process == 0:
        os.execvpe("zsh", ["zsh", "-i"], shell_environment)  # noqa: S606  # it is a shell
    try:
        said = wait_for("ready> ", terminal)
        os.write(terminal, b"quart-auth-app us\t")
        said = wait_for("quart-auth-app user ", terminal)
        os.write(terminal, b"gr\t")
        said = wait_for("grant ", terminal)
        assert "error" not in said.lower()
    finally:
        os.close(terminal)
        os.waitpid(process, 0)


def wait_for(wanted: str, terminal: int) -> str:
    """Return what the terminal shows up to what is wanted, without what moves the cursor."""
    end, said = time.monotonic() + PATIENCE, ""
    while wanted not in (shown := re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", said)):
        if time.monotonic() > end:
            raise AssertionError(f"{wanted!r} is not in {shown!r}")
        if select.select([terminal], [], [], 1)[0]:
            said += os.read(terminal, 10_000).decode(errors="replace")
    return shown
