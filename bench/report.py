"""A run's report: tables on the terminal, and a page and a plot in a folder."""

from pathlib import Path

from bench.plot import svg
from bench.results import Results
from bench.tables import tables

INTRODUCTION = """\
# Measured by `make bench`

Servers take turns (A B A B), so that whatever slows the machine for a while slows them all. Each number is the median
of the rounds, with the smallest and the largest in brackets. Ours writes an access log and has all its features:
headers, session look-up, same-origin check, throttle. The peers in `bench/peers/` are set up as their own manuals say,
without an access log, except in the line that names one. The tutorial and Django run under gunicorn's sync worker,
quart-security and ours under hypercorn, unless a line says otherwise. The limits are in `bench/limits/`. The absolute
numbers are this machine's; only the ratios are similar on others.
"""


def write(folder: Path, machine: dict[str, str], results: Results) -> None:
    """Write `results.md` and `results.svg`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.md").write_text(page(machine, results))
    (folder / "results.svg").write_text(svg(results))


def page(machine: dict[str, str], results: Results) -> str:
    """Return the page in Markdown."""
    described = "\n".join(f"| {name} | {value} |" for name, value in machine.items())
    run = f"## The run\n\n| | |\n|---|---|\n{described}\n"
    plot = "![Bars: pages, log-ins and latency beside the peers](results.svg)\n"
    return "\n".join([INTRODUCTION, plot, *map(str, tables(results)), run])


def terminal(results: Results) -> str:
    """Return the tables alone."""
    return "\n".join(map(str, tables(results)))
