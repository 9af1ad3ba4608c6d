"""What the commands print: a table for people, JSON for scripts."""

import io
import json
import os
import sys
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import ParamSpec

import click

from quart_auth_app.operations import directory

P = ParamSpec("P")

Row = dict[str, object]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def paged(command: Callable[P, None]) -> Callable[P, None]:
    """Give a command that lists rows by number `--after` and `--limit`."""
    after = click.IntRange(0, directory.MAX_ID)
    command = click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)(command)
    return click.option("--after", type=after, default=0, help="Begin behind this number.")(command)


def show_page(rows: Sequence[Row], *, limit: int, as_json: bool) -> None:
    """Print `limit` rows, and if there is one more, how to go on."""
    show(rows[:limit], as_json=as_json)
    if len(rows) > limit:
        click.echo(f"There are more; go on with: --after {rows[limit - 1]['id']}", file=sys.stderr)


def escape_what_cannot_be_shown() -> None:
    """From now on, print characters that the terminal's encoding lacks as escapes, such as \\u0142.

    Otherwise a command would fail after it has done what was asked for, just because of somebody's name.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None where it is closed
            stream.reconfigure(errors="backslashreplace")


def say(line: str) -> None:
    """Print a line. If the reader of a pipe has gone, the command ends here without an error."""
    try:
        # The file is given because click's own writes UTF-8 even if the output is set to ASCII.
        click.echo(line, file=sys.stdout)
    except BrokenPipeError:
        _print_no_more()
        sys.exit(0)
    except OSError as error:  # a full disk
        _print_no_more()
        raise click.ClickException(f"All is done, but the answer can't be written: {error.strerror}") from None


def _print_no_more() -> None:
    # Otherwise the rest of the buffer would fail again at Python's exit.
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
    """Print one row; in JSON as an object, not a list."""
    if as_json:
        show_json(row)
    else:
        show([row], as_json=False)


def show_json(value: object) -> None:
    """Print a value as JSON in ASCII, which escapes characters that could control a terminal."""
    say(json.dumps(value, default=_moment, indent=2))


def printable(text: str) -> str:
    """Escape characters that could control a terminal or fake a line: people choose their names and user agents."""
    return "".join(each if _is_harmless(each) else each.encode("unicode_escape").decode() for each in text)


def _is_harmless(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"  # spaces, such as that of 山田　太郎


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, list):
        value = " ".join(map(str, value))
    return "-" if value in (None, "") else printable(str(value))


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds")
