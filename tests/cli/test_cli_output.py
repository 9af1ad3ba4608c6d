"""What was done is done: no terminal's encoding, no reader who leaves and no full disk makes it an error."""

import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from quart_auth_app.cli.output import printable
from tests.cli.test_cli import OTHER_PASSWORD, ROOT, Operator
from tests.databases import NewDatabase

LUKASZ = "Łukasz — 山田"


@pytest.fixture
def operator(new_database: NewDatabase) -> Operator:
    """The operator of an application with one account, whose name not every terminal can show."""
    operator = Operator(new_database())
    operator.run("user", "add", "łukasz@example.com", "--name", LUKASZ, typed=OTHER_PASSWORD)
    return operator


def run(
    operator: Operator, command: str, stdout: int | IO[bytes] = subprocess.PIPE, **variables: str
) -> tuple[int, str, str]:
    """Run the command as a program; return its exit code and what it wrote to both outputs."""
    environment = os.environ | operator.settings | {"PYTHONPATH": str(ROOT)} | variables
    program = [sys.executable, "-m", "quart_auth_app.cli", *command.split()]
    done = subprocess.run(program, env=environment, stdout=stdout, stderr=subprocess.PIPE, check=False)
    encoding = variables.get("PYTHONIOENCODING", "utf-8").partition(":")[0]
    return done.returncode, (done.stdout or b"").decode(encoding), done.stderr.decode(encoding)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1:strict", "utf-8"])
def test_what_the_terminal_cannot_show_is_escaped(operator: Operator, encoding: str) -> None:
    codec = encoding.partition(":")[0]
    shown = LUKASZ.encode(codec, "backslashreplace").decode(codec)
    code, stdout, stderr = run(operator, "user disable 1", PYTHONIOENCODING=encoding)
    assert (code, "Error" in stderr) == (0, False)
    assert shown in stdout
    code, _, stderr = run(operator, "user show łukas", PYTHONIOENCODING=encoding)
    assert code == 1
    assert stderr == "Error: There is no user 'łukas'.\n".encode(codec, "backslashreplace").decode(codec)


def test_who_reads_no_more_makes_no_error(operator: Operator) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as nobody_reads:
        for command in ("user disable 1", "user list --json", "db check"):
            code, _, stderr = run(operator, command, stdout=nobody_reads)
            assert (code, "Error" in stderr, "Traceback" in stderr, "ignored" in stderr) == (0, False, False, False)
    assert operator.json("user", "show", "1")["disabled_at"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_on_a_full_disk_it_says_that_the_work_is_done(operator: Operator) -> None:
    with Path("/dev/full").open("wb") as full:
        code, _, stderr = run(operator, "user disable 1", stdout=full)
    said = "Error: All is done, but the answer can't be written: No space left on device"
    assert (code, stderr.splitlines()[-1]) == (1, said)
    assert operator.json("user", "show", "1")["disabled_at"]


def test_what_moves_a_cursor_is_escaped() -> None:
    assert printable("é\x1b[2J\u202e\udcff\n") == "é\\x1b[2J\\u202e\\udcff\\n"


def test_a_name_with_a_wide_space_is_shown_as_it_is() -> None:
    assert printable("山田\u3000太郎") == "山田\u3000太郎"


def test_at_its_end_no_command_collects_garbage_among_what_is_loaded() -> None:
    """That takes a fifth of the time of `--help`, and of each Tab."""
    code = (
        "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count() > 100_000)); import quart_auth_app.cli"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
