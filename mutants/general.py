"""`python -m mutants.general FILE TESTS…`: apply cosmic-ray's mutations to a file, and check that tests notice them.

Run it by hand, as it takes long: --most tries a sample, which is the same for the same --seed. It uses SQLite only. The
tests have to be green without a mutation; so an error in a fixture or an import counts as noticed, like a failed test.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mutants.__main__ import AT_ONCE, ROOT, Mutant, red_at_all, run
from mutants.warm import Change, Warm

LISTED = Path(__file__).with_name("listed.py")


def main() -> int:
    """Return the exit status: 0 if every mutation was noticed."""
    parser = argparse.ArgumentParser(prog="python -m mutants.general")
    parser.add_argument("file", help="the file to change, relative to the repository's root")
    parser.add_argument("tests", nargs="+", help="tests that have to notice, as arguments of pytest")
    parser.add_argument("--python", required=True, help="the Python of an environment that has cosmic-ray")
    parser.add_argument("--most", type=int, default=10_000, help="try so many mutations at most")
    parser.add_argument("--seed", type=int, default=1, help="chooses the sample")
    parser.add_argument("--minutes", type=float, default=60, help="then no further mutation is started")
    chosen = parser.parse_args()
    os.environ.pop("TEST_POSTGRES_URL", None)
    options = ["-q", "-x", "-p", "no:cacheprovider", f"--rootdir={ROOT}", *chosen.tests]
    if subprocess.call([sys.executable, "-m", "pytest", *options], cwd=ROOT):  # noqa: S603  # named by who runs it
        sys.exit("These tests have to be green first")
    command = [chosen.python, LISTED, ROOT / chosen.file, str(chosen.most), str(chosen.seed)]
    ways, sample = json.loads(subprocess.check_output(command))  # noqa: S603  # as above
    changes = [Change(ROOT / chosen.file, does, source) for does, source in sample]
    warm = Warm(changes, at_once=AT_ONCE, until=time.time() + 60 * chosen.minutes)
    pytest.main([*options, "-s"], [warm])
    old = (ROOT / chosen.file).read_text("utf-8")
    faults = [
        Mutant(row=chosen.file, does=each.does, file=chosen.file, old=old, new=each.source) for each in warm.outside
    ]
    missed = warm.missed + run(faults, {chosen.file: set(chosen.tests)}, judge=red_at_all)
    print(f"{chosen.file}: {warm.tried + len(faults)} of {ways} mutations tried, {missed} not noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
