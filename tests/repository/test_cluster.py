"""`python -m tests.cluster` itself takes minutes and is run by `.ci/run`; these are about how it begins and ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster import __main__ as cluster
from tests.cluster import isolation
from tests.servers import ROOT


def test_a_machine_that_cannot_make_networks_says_so_in_a_line_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "argv", ["cluster"])
    assert cluster.main() == 1
    assert capsys.readouterr().err == "The trials of a cluster can't be made: only root can make network namespaces\n"


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_the_trials_all_that_they_have_started_ends_too(tmp_path: Path, how: signal.Signals) -> None:
    if reason := isolation.hindrance():
        pytest.skip(reason)
    sleeper = f"import time; time.sleep(300 + {os.getpid()})"
    begin = f"from tests.cluster import isolation as i; i.again_inside('timeit', {str(tmp_path)!r}, '-n1', {sleeper!r})"
    trials = subprocess.Popen([sys.executable, "-c", begin], cwd=ROOT)
    inside = [sys.executable, "-m", "timeit", "-n1", sleeper]
    assert eventually(lambda: running(inside))
    trials.send_signal(how)
    trials.wait(10)
    assert eventually(lambda: not running(inside))


def running(command: list[str]) -> bool:
    """Tell whether some process is this command; one that will start it, and has it among its arguments, is not."""
    wanted = "".join(f"{word}\0" for word in command)
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if process.read_text() == wanted:
                return True
        except OSError:  # it has ended meanwhile
            continue
    return False


def eventually(question: Callable[[], bool]) -> bool:
    """Ask for ten seconds at most, until the answer is yes."""
    end = time.monotonic() + 10
    while not (answer := question()) and time.monotonic() < end:
        time.sleep(0.05)
    return bool(answer)
