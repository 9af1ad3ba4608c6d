"""wapiti: walks all pages and tries the usual holes of web applications on each form and parameter."""

import json

from attacks import tools
from attacks.attack import Verdict
from attacks.victims import Site

MODULES = (
    "cookieflags", "crlf", "csp", "exec", "file", "htaccess", "http_headers", "methods", "permanentxss", "redirect",
    "shellshock", "sql", "upload", "xss",
)  # fmt: skip
"""All modules that need no listener outside this machine and don't guess names of files. Two are left out because they
are wrong here: csrf looks for tokens in forms, and ours have none by design (web/edge/same_origin.py); ldap takes a
redirect that keeps the query, as /profile's does, for a finding."""

ON_HTTP = {"Secure Flag cookie", "HTTP Strict Transport Security (HSTS)"}
"""What no site has that is served without TLS, as here. Our tests look at it with an https PUBLIC_URL."""


LIMIT = 180
"""Seconds until it is ended. Its own limits, below, are for crawling and for each module, not for the whole run."""


async def run(site: Site) -> Verdict:
    """Scan the site and count what wapiti reports, server errors included."""
    report = site.folder / "wapiti.json"
    await tools.run(
        site.folder, "wapiti", "-u", site.url("/"), "-s", site.url("/profile"), "-s", site.url("/login?next=/profile"),
        "--module", ",".join(MODULES), "--level", "2", "--max-scan-time", "45", "--max-attack-time", "10",
        # Its own end points lie on the internet, and it looks them up even for modules that it doesn't run.
        "--endpoint", site.url("/"), "--dns-endpoint", "localhost", "--timeout", "5", "--no-bugreport",
        "--store-session", str(site.folder), "--store-config", str(site.folder), "--format", "json",
        "--output", str(report), limit=LIMIT,
    )  # fmt: skip
    if not report.exists():
        return Verdict(False, 0, "wapiti did not come to its end")
    scan = json.loads(report.read_text())
    found = scan["vulnerabilities"] | scan["anomalies"]
    counted = {name: len(each) for name, each in found.items() if each and name not in ON_HTTP}
    finding = ", ".join(f"{name}: {count}" for name, count in counted.items()) or "nothing to report"
    return Verdict(bool(counted), len(site.statuses()), finding)
