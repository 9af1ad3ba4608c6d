"""What the commands print: a table for people, JSON for scripts."""

import io
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import click

Row = dict[str, object]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def escape_what_cannot_be_shown() -> None:
    """From now on, print characters that the terminal's encoding lacks as escapes, such as \\u0142.

    Otherwise a command would fail after it has done what was asked for, just because of somebody's name.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None where it is closed
            stream.reconfigure(errors="backslashreplace")


def say(line: str) -> None:
    """Print a line. Where nobody reads any more, the command ends here, without an error."""
    try:
        # Named, as click itself writes UTF-8 to outputs that are set to ASCII.
        click.echo(line, file=sys.stdout)
    except BrokenPipeError:
        _print_no_more()
        sys.exit(0)
    except OSError as error:  # a full disk
        _print_no_more()
        raise click.ClickException(f"All is done, but the answer can't be written: {error.strerror}") from None


def _print_no_more() -> None:
    # What is still in the buffer would fail once more when Python ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show(rows: Sequence[Row], *, as_json: bool) -> None:
    """Print all rows, which have the same keys."""
    if as_json:
        return show_json(rows)
    cells = [[_cell(value) for value in row.values()] for row in rows]
    lines = [[key.upper().replace("_", " ") for key in row] for row in rows[:1]] + cells
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    if not rows:
        say("none")
    return None


def show_one(row: Row, *, as_json: bool) -> None:
    """Print a row by itself: in JSON it is no list."""
    if as_json:
        show_json(row)
    else:
        show([row], as_json=False)


def show_json(value: object) -> None:
    """Print a value as JSON in ASCII, which escapes what could move a terminal's cursor."""
    say(json.dumps(value, default=_moment, indent=2))


def printable(text: str) -> str:
    """Escape what could move a terminal's cursor or forge a line: people choose their names and user agents."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return _moment(value)
    return "-" if value in (None, "") else printable(str(value))


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds")
