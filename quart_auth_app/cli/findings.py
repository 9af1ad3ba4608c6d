"""What `doctor` and `db check` have in common: a line for each finding, and an exit code that tells."""

import sys

from quart_auth_app.cli.output import printable, say, show_json


def report(findings: list[str], *, fine: str, as_json: bool) -> None:
    """Print the findings, or that all is fine; exit with 1 if there are any."""
    if as_json:
        show_json(findings)
    else:
        for line in findings or [fine]:
            say(printable(line))
    if findings:
        sys.exit(1)
