"""`python -m mutants.general FILE TESTS…`: apply cosmic-ray's mutations to a file, and check that tests notice them.

Run by hand, as it takes long: --most tries a sample, always the same one. It uses SQLite only.
"""

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path

from mutants.__main__ import ROOT, Mutant, run

LISTED = Path(__file__).with_name("listed.py")


def main() -> int:
    """Return the exit status: 0 when every fault was noticed."""
    parser = argparse.ArgumentParser(prog="python -m mutants.general")
    parser.add_argument("file", help="what to break, from the repository's root")
    parser.add_argument("tests", nargs="+", help="files of the tests that have to notice")
    parser.add_argument("--python", required=True, help="the Python of an environment that has cosmic-ray")
    parser.add_argument("--most", type=int, default=10_000, help="how many ways to try at most")
    chosen = parser.parse_args()
    source = (ROOT / chosen.file).read_text("utf-8")
    output = subprocess.check_output([chosen.python, LISTED, ROOT / chosen.file])  # noqa: S603  # named by who runs it
    ways = json.loads(output)
    sample = random.Random(1).sample(ways, min(chosen.most, len(ways)))  # noqa: S311  # the same ones each time
    faults = [Mutant(row=chosen.file, does=does, file=chosen.file, old=source, new=new) for does, new in sample]
    missed = run(faults, {chosen.file: set(chosen.tests)})
    print(f"{chosen.file}: {len(faults)} of {len(ways)} ways tried, {missed} not noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
