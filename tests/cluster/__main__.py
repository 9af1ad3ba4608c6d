"""`python -m tests.cluster`: a table, a row for each trial. The exit status is 1 where a bound is missed."""

import argparse
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.cluster import databases, isolation, network, wrong_clocks
from tests.cluster.crowd import Crowd
from tests.cluster.etcd import Etcd
from tests.cluster.members import Members
from tests.cluster.report import HEADER, Row
from tests.cluster.sites import Site
from tests.cluster.trials import TRIALS, Cluster, Trial, everything_back

NEEDED = {
    "iproute2": shutil.which("ip"),
    "etcd-server": shutil.which("etcd"),
    "faketime": wrong_clocks.LIBRARY,
    "postgresql": databases.PROGRAMS,
    "`make .venv-cluster/stamp`": shutil.which(databases.PATRONI),
}
"""What has to be installed, by the names of Debian's packages, and where it is."""


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=TRIALS, metavar="TRIAL", default=list(TRIALS), help=f"of: {', '.join(TRIALS)}"
    )
    arguments = parser.parse_args()
    if folder := os.environ.get(isolation.INSIDE):
        return inside(Path(folder), arguments.only)
    if reason := isolation.hindrance():
        print(f"The trials of a cluster can't be made: {reason}", file=sys.stderr)
        return 1
    if missing := [name for name, place in NEEDED.items() if not place]:
        print(f"The trials of a cluster need: {', '.join(missing)}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="cluster-") as name:
        Path(name).chmod(0o755)
        return isolation.again_inside("tests.cluster", Path(name), *sys.argv[1:])


def inside(folder: Path, names: list[str]) -> int:
    """Start everything, try, and print the table."""
    begin = time.monotonic()
    network.prepare()
    etcd, members = Etcd(folder), Members(folder)
    etcd.start()
    members.start()
    sites = [Site(folder, number, members.url) for number in (1, 2)]
    sites[0].run("db", "upgrade")
    with ThreadPoolExecutor() as threads:
        list(threads.map(Site.start, sites))
    print(f"All eight machines run after {time.monotonic() - begin:.0f} s\n\n{HEADER}", flush=True)
    rows = []
    with Crowd(sites) as crowd:
        cluster = Cluster(etcd, members, sites, crowd)
        for name, trial in [*((name, TRIALS[name]) for name in names), ("everything back", everything_back)]:
            rows.append(tried(cluster, name, trial))
            print(rows[-1], flush=True)
    print(f"\n{time.monotonic() - begin:.0f} s in all")
    missed = [problem for row in rows for problem in row.missed()]
    for problem in missed:
        print(problem, file=sys.stderr)
    return 1 if missed else 0


def tried(cluster: Cluster, name: str, trial: Trial) -> Row:
    """Make one trial and count. What it has stopped may still be on its way back."""
    begin, record = time.monotonic(), cluster.crowd.record
    record.begin(list(cluster.crowd.sites))
    trial(cluster)
    cluster.wait_for_log_ins()
    with record.lock:
        signed_up, revoked = set(record.signed_up), list(record.revoked)
    lost = signed_up - cluster.members.emails()
    cluster.crowd.ask_with(revoked)
    row = Row(
        name,
        seconds=time.monotonic() - begin,
        sign_ups=len(signed_up),
        lost=len(lost),
        revoked=len(revoked),
        came_back=len(record.came_back),
        without_log_ins=max(each.longest for each in record.log_ins.values()),
        without_pages=max(record.pages_missing.values()),
    )
    if row.missed():
        print(cluster.describe(), file=sys.stderr)
    return row


if __name__ == "__main__":
    sys.exit(main())
