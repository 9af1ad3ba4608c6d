"""Raw sockets: what the server makes of each probe."""

import asyncio
import re
from collections.abc import Iterable

from attacks.attack import Verdict
from attacks.browser import PATIENCE, exchange
from attacks.probes import PROBES, Probe
from attacks.victims import Site

NAMED = 5
"""How many faults the summary names; of the others it gives the number only."""

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_CONTROLS = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]")
_FORGED = re.compile(rb"^forged", re.M)


async def run(site: Site) -> Verdict:
    """Send all probes, each on a connection of its own and all at once."""
    faults = [fault for fault in await asyncio.gather(*(_fault(site, probe) for probe in PROBES)) if fault]
    if _FORGED.search(site.log) or _CONTROLS.search(site.log):
        faults.append("the log takes line breaks and control characters from the path")
    return Verdict(bool(faults), len(PROBES), _told(faults))


async def _fault(site: Site, probe: Probe) -> str | None:
    """Return what is wrong with how the probe was answered."""
    received, ended = await exchange(site, probe.data)
    statuses = [int(status) for status in _STATUS.findall(received) if not status.startswith(b"1")]
    if len(statuses) > probe.answers:
        return f"{probe.name}: {len(statuses)} answers"
    if not probe.allowed.issuperset(statuses):
        return f"{probe.name}: {statuses}"
    return None if ended else f"{probe.name}: still open after {PATIENCE} s"


def _told(faults: Iterable[str]) -> str:
    found = list(faults)
    if not found:
        return "each refused or answered once, and closed"
    rest = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"{len(found)} faults: {'; '.join(found[:NAMED])}{rest}"
