"""`python -m bench`: measure everything, print the tables, write `bench/results.md` and `bench/results.svg`."""

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import cores, machine, postgres, report, wrk
from bench.measures import MEASURES
from bench.run import Run
from bench.scale import FULL, QUICK, Scale
from bench.subjects import ON_POSTGRESQL, ROOT, SUBJECTS, site


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the application beside its peers.")
    parser.add_argument("--quick", action="store_true", help="few and short rounds, to see that everything works")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=MEASURES,
        metavar="NAME",
        default=list(MEASURES),
        help=f"some of: {', '.join(MEASURES)}",
    )
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="where the page and the plot go")
    arguments = parser.parse_args()
    whole = not arguments.quick and set(arguments.only) == set(MEASURES)
    # Only a whole run replaces the numbers that the documentation shows.
    folder = arguments.output or (ROOT / "bench" if whole else ROOT / "build" / "bench")
    wrk.version()
    if len(cores.ALL) < 2:
        sys.exit("Two cores are needed: one for the server, one for the load.")
    if not arguments.quick and not machine.is_quiet():
        print(f"Waiting until nothing else runs, {machine.PATIENCE} s at most", flush=True)
        machine.wait_until_quiet()
    if not machine.is_quiet():
        print("Something else is running on this machine, so the numbers will be less reliable.")
    measure(QUICK if arguments.quick else FULL, arguments.only, folder)
    return 0


def measure(scale: Scale, names: list[str], folder: Path) -> None:
    """Create all databases, measure, and write the report."""
    described = machine.description(preferred=cores.prefer_load())
    has_postgresql = postgres.version() is not None
    subjects = [each for each in SUBJECTS if has_postgresql or each not in ON_POSTGRESQL]
    if not has_postgresql:
        print(f"No PostgreSQL server at {postgres.SERVER} (BENCH_POSTGRES_URL), so nothing is measured on it.")
    with TemporaryDirectory(prefix="bench-") as temporary, postgres.dropped_afterwards():
        print("Making the databases")
        sites = [site(each, Path(temporary) / str(number), scale.users) for number, each in enumerate(subjects)]
        run = Run(scale, Path(temporary), sites)
        for name in names:
            begin = time.monotonic()
            print(f"{name}", flush=True)
            MEASURES[name](run)
            print(f"  {time.monotonic() - begin:.0f} s", flush=True)
    print(report.terminal(run.results))
    report.write(folder, described, run.results)
    print(f"Written: {folder / 'results.md'}")


if __name__ == "__main__":
    sys.exit(main())
