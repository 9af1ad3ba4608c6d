"""`python -m attacks`: run every attack; fail if one finds nothing in its broken build, or something in ours."""

import argparse
import asyncio
import sys
import time
from dataclasses import replace
from pathlib import Path

from attacks import summary, tools
from attacks.attack import Attack
from attacks.browser import send
from attacks.plan import ATTACKS
from attacks.victims import Site, started


async def run(attack: Attack, *, postgresql: str | None) -> summary.Row:
    """Attack both targets."""
    start = time.monotonic()
    async with started(attack.broken, postgresql=postgresql if attack.on_postgresql else None) as site:
        broken = await attack.run(site)
    async with started(attack.ours, postgresql=postgresql) as site:
        ours = await attack.run(site)
        faults = await faults_inside(site)
    if faults:
        ours = replace(ours, broken=True, finding="; ".join([ours.finding, *faults]))
    return summary.Row(attack, broken, ours, time.monotonic() - start)


async def faults_inside(site: Site) -> list[str]:
    """Return what went wrong in the application, whether or not the attack has noticed."""
    is_served = (await send(site, "GET", "/")).status == 200
    statuses = site.statuses()
    counts = {
        "home page not served afterwards": int(not is_served),
        "answers of 500": statuses.count(500),
        "tracebacks in the log": site.log.count(b"Traceback (most recent call last)"),
        "access logs empty": int(not statuses),
    }
    return [f"{count} {what}" for what, count in counts.items() if count]


def main() -> int:
    """Return the exit status: 0 if every attack succeeds on its broken build, and none on the application."""
    parser = argparse.ArgumentParser(prog="python -m attacks", description="Attack our own application on loopback.")
    parser.add_argument("--only", metavar="WORD", default="", help="run the attacks whose name contains this")
    parser.add_argument(
        "--write", metavar="PATH", type=Path, help="put the summary into this Markdown file; with --only its rows"
    )
    parser.add_argument("--postgresql", metavar="URL", help="a server to make databases on, in place of SQLite")
    arguments = parser.parse_args()
    versions = tools.versions()
    rows = []
    for attack in ATTACKS:
        if arguments.only in attack.name:
            rows.append(asyncio.run(run(attack, postgresql=arguments.postgresql)))
            print(rows[-1], flush=True)
    if arguments.write:
        if arguments.only:
            summary.put_in(rows, arguments.write)
        else:
            summary.write(summary.markdown(rows, versions), arguments.write)
    bad = [row.attack.name for row in rows if not row.is_good]
    print(f"NOT GOOD: {', '.join(bad)}" if bad else f"{len(rows)} attacks: all bite, and the application holds.")
    return 1 if bad or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
