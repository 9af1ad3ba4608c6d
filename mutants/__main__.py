"""`python -m mutants`: apply each fault of ours.toml to a copy of the code; fail if no test notices it."""

import argparse
import os
import re
import shutil
import signal
import sys
import tomllib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from docs.write_asvs import ROWS, Marked, collect, read_rows
from mutants.forks import fork

ROOT = Path(__file__).parent.parent
OURS = Path(__file__).parent / "ours.toml"
AT_ONCE = os.cpu_count() or 1
TIME_LIMIT = 300
"""Seconds for the tests of one requirement; a fault that makes them hang counts as noticed."""

POSTGRES = os.environ.get("TEST_POSTGRES_URL")
"""The server for the few faults that need PostgreSQL; the others use SQLite, which is faster."""

NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv*", ".node", ".mypy_cache", ".ruff_cache", ".pytest_cache", "dist", "instance"
)


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A fault: the text that it replaces, and the requirement whose tests have to notice it."""

    row: str
    does: str
    file: str
    old: str
    new: str
    test: str | None = None
    """The name of the test that notices it, so that the requirement's other tests need not run."""

    @property
    def needs_postgresql(self) -> bool:
        """Whether it needs PostgreSQL, and so is skipped without one."""
        return self.file.endswith("postgresql.py")


def read(path: Path = OURS) -> list[Mutant]:
    """Return the faults. Raises TypeError if a key is missing or unknown."""
    return [Mutant(**fields) for fields in tomllib.loads(path.read_text("utf-8"))["mutant"]]


def uncovered(mutants: Sequence[Mutant], marked: Marked) -> list[str]:
    """Return the requirements that have tests, but neither a fault nor a `no_fault` in docs/asvs.toml."""
    reasons = {row.id for row in read_rows(ROWS.read_text("utf-8")) if row.no_fault}
    return sorted(marked.keys() - {each.row for each in mutants} - reasons)


def put_in(mutant: Mutant, tree: Path) -> None:
    """Apply the fault in `tree`. Raises ValueError unless its text is there exactly once."""
    source = (tree / mutant.file).read_text("utf-8")
    if source.count(mutant.old) != 1 or mutant.old == mutant.new:
        raise ValueError(f"The text to replace is {source.count(mutant.old)} times in {mutant.file}: {mutant.old!r}")
    (tree / mutant.file).write_text(source.replace(mutant.old, mutant.new), "utf-8")


def noticing(mutant: Mutant, marked: Marked) -> list[str]:
    """Return the fault's test, or all tests with the requirement's mark except those with a browser."""
    tests = sorted(test for test in marked.get(mutant.row, ()) if not test.startswith("tests/browser/"))
    return [test for test in tests if mutant.test is None or test.endswith(f"::{mutant.test}")]


def start(mutant: Mutant, tests: Sequence[str], folder: Path) -> int:
    """Run the tests on a broken copy in `folder`, in a fork. Returns the number of its process."""
    tree = folder / "tree"
    # This also copies compiled files. Python uses them, because the sources keep their modification times.
    shutil.copytree(ROOT, tree, ignore=NOT_COPIED)
    if (node := ROOT / ".node").exists():
        (tree / node.name).symlink_to(node)  # it is large, and its packages have folders named dist
    put_in(mutant, tree)
    database = POSTGRES if mutant.needs_postgresql else None
    with (folder / "output").open("wb") as output:
        return fork(lambda: _test(tree, tests, database=database), output=output.fileno(), seconds=TIME_LIMIT)


def _test(tree: Path, tests: Sequence[str], *, database: str | None) -> int:
    for name, module in [*sys.modules.items()]:
        if Path(getattr(module, "__file__", None) or "/").is_relative_to(ROOT) and "site-packages" not in str(module):
            del sys.modules[name]
    for name in [name for name in os.environ if name.startswith(("TEST_", "PYTEST_"))]:
        del os.environ[name]
    os.environ.update({"PYTHONPATH": str(tree)} | ({"TEST_POSTGRES_URL": database} if database else {}))
    os.chdir(tree)
    sys.path[:] = [str(tree), *(each for each in sys.path if each not in {"", str(ROOT)})]
    return pytest.main(["-q", "-x", "-p", "no:cacheprovider", f"--rootdir={tree}", *tests])


def noticed_by(output: str) -> str:
    """Return the name of the first test that failed."""
    red = re.search(r"^FAILED \S+::(\w+)", output, re.M)
    return f"noticed by {red[1]}" if red else "noticed, as the tests took too long"


def verdict(status: int, output: str) -> str | None:
    """Return None if the fault was noticed, otherwise what is wrong, by the process's status and output."""
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
        return None
    code = os.waitstatus_to_exitcode(status)
    # An error in a fixture has not noticed it. A process may crash at its end, after a test has failed.
    if code != pytest.ExitCode.OK and re.search(r"^\d+ failed", output, re.M):
        return None
    return (
        "SURVIVES" if code == pytest.ExitCode.OK and " passed" in output else f"the tests don't run:\n{output[-3000:]}"
    )


def red_at_all(status: int, output: str) -> str | None:
    """Return what `verdict` does, but None for an error in a fixture or an import too, for tests that were green."""
    red = {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR}
    return None if os.WIFEXITED(status) and os.WEXITSTATUS(status) in red else verdict(status, output)


def run(mutants: Sequence[Mutant], marked: Marked, *, judge: Callable[[int, str], str | None] = verdict) -> int:
    """Try the faults, as many at once as there are cores, and print each result. Returns how many were not noticed."""
    missed, waiting, running = 0, [*mutants], dict[int, tuple[Mutant, TemporaryDirectory[str]]]()
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            mutant, folder = waiting.pop(0), TemporaryDirectory()
            running[start(mutant, noticing(mutant, marked), Path(folder.name))] = mutant, folder
        process, status = os.wait()
        if process not in running:
            continue
        mutant, folder = running.pop(process)
        with suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)  # servers that its tests have left running
        output = (Path(folder.name) / "output").read_text("utf-8", errors="replace")
        wrong = judge(status, output)
        folder.cleanup()
        missed += wrong is not None
        print(f"{mutant.row:8}{mutant.does}: {wrong or noticed_by(output)}", flush=True)
    return missed


def main() -> int:
    """Return the exit status: 0 if every fault was noticed."""
    parser = argparse.ArgumentParser(prog="python -m mutants")
    parser.add_argument("--only", metavar="WORD", default="", help="try the faults with this in requirement or text")
    only = parser.parse_args().only
    chosen = [each for each in read() if only in f"{each.row} {each.does}"]
    mutants = [each for each in chosen if POSTGRES or not each.needs_postgresql]
    marked = collect()
    without = [f"{each.row} ({each.test or 'any test'})" for each in mutants if not noticing(each, marked)]
    if without:
        sys.exit(f"No test is marked with {', '.join(without)}")
    if rows := uncovered(read(), marked):
        sys.exit(f"Neither mutants/ours.toml nor a no_fault in docs/asvs.toml says what could break {', '.join(rows)}")
    missed = run(mutants, marked)
    if len(chosen) > len(mutants):
        print(f"{len(chosen) - len(mutants)} faults were left out, as TEST_POSTGRES_URL is not set")
    print(f"{missed} of {len(mutants)} faults were not noticed" if missed else f"{len(mutants)} faults, all noticed")
    return 1 if missed or not mutants else 0


if __name__ == "__main__":
    sys.exit(main())
