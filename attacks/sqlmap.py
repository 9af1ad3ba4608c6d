"""sqlmap: does what is typed into a form become part of an SQL statement?"""

import re

from attacks import tools
from attacks.attack import Verdict
from attacks.victims import Site

BODIES = {
    "/login": "email=bob@example.com&password=guess&next=/profile",
    "/signup": "email=bob@example.com&name=Bob&password=sunny otter ladder 42",
}
HOLE = re.compile(r"Parameter: (\S+)")
NO_HOLE = "all tested parameters do not appear to be injectable"


async def run(site: Site, *, path: str) -> Verdict:
    """Let sqlmap try every technique on every field of the form."""
    output = await tools.run(
        site.folder, "sqlmap", "-u", site.url(path), "--data", BODIES[path], "--batch", "--dbms", "sqlite",
        "--level", "2", "--risk", "3", "--threads", "4", "--timeout", "5", "--retries", "0", "--time-sec", "2",
        "--output-dir", str(site.folder / "sqlmap"),
    )  # fmt: skip
    fields = sorted(set(HOLE.findall(output)))
    if fields:
        return Verdict(True, len(site.statuses()), f"injectable: {', '.join(fields)}")
    if NO_HOLE in output:
        return Verdict(False, len(site.statuses()), "no field injectable")
    if tools.CUT_SHORT in output:
        return Verdict(False, len(site.statuses()), "no field injectable within the time limit")
    return Verdict(False, 0, "sqlmap did not come to its end")
