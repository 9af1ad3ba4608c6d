"""Shared by `doctor` and `db check`: a line for each finding, and the exit code."""

import sys

from quart_auth_app.cli.output import printable, say, show_json


def report(findings: list[str], *, fine: str, as_json: bool) -> None:
    """Print the findings and exit with 1, or print `fine`."""
    if as_json:
        show_json(findings)
    else:
        for line in findings or [fine]:
            say(printable(line))
    if findings:
        sys.exit(1)
