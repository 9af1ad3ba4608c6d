"""The plot: horizontal bars in SVG, for light and dark mode, without a library."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from bench.results import Figure, Results
from bench.subjects import ON_POSTGRESQL, OURS, SUBJECTS, TUTORIAL, TUTORIAL_ON_POSTGRESQL

WIDTH, LABEL, VALUE = 760, 250, 80
"""Widths of the whole plot, of the names on the left, and of the numbers on the right."""

ROW, BAR, GAP = 22, 14, 30

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #222 }
.title { font-weight: 600 }
.bar { fill: #9aa7b5 } .ours { fill: #00846b } .spread { stroke: #222; stroke-width: 1 } .goal { stroke: #c0392b }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .bar { fill: #5f6b78 } .ours { fill: #1fb894 } .spread { stroke: #eee } .goal { stroke: #ff7a6b }
}"""


@dataclass(frozen=True)
class Chart:
    """One group of bars."""

    title: str
    bars: Sequence[tuple[str, Figure]]
    form: str
    goal: float | None = None
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Return a value's place on the axis, from 0 to 1."""
        most = max([*(figure.high for _, figure in self.bars if math.isfinite(figure.high)), self.goal or 0.0])
        if math.isinf(value):
            return 1.0
        return min(1.0, math.log10(max(1.0, value)) / math.log10(most) if self.logarithmic else value / most)


def svg(results: Results) -> str:
    """Return the plot of the results."""
    parts: list[str] = []
    top = 10
    for chart in _charts(results):
        parts += _drawn(chart, top)
        top += GAP + ROW * len(chart.bars) + 12
    size = f'width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}"'
    title = "Pages, log-ins and latency of quart-auth-app and its peers"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{title}" {size}>\n<title>{title}</title>'
    return "\n".join([head, f"<style>{STYLE}\n</style>", *parts, "</svg>\n"])


def _charts(results: Results) -> Iterable[Chart]:
    to, there = TUTORIAL.name, TUTORIAL_ON_POSTGRESQL.name
    on_postgresql = {each.name for each in ON_POSTGRESQL}
    pages = [who for who in results.who("pages") if who not in on_postgresql]
    others = [who for who in results.who("pages") if who in on_postgresql]
    hashing = [(each.name, each.hash.alone) for each in SUBJECTS if each.hash]
    yield from _chart(
        f"GET / per second, in proportion to {to}",
        [(who, results.ratio("pages", who, "/", to=to)) for who in pages], "{:.2f}", goal=1.1,
    )  # fmt: skip
    yield from _chart(
        "GET /profile, logged in, in the same proportion",
        [(who, results.ratio("pages", who, "/profile", to=to)) for who in pages], "{:.2f}", goal=1.7,
    )  # fmt: skip
    yield from _chart(
        f"GET /profile on PostgreSQL, in proportion to {there}",
        [(who, results.ratio("pages", who, "/profile", to=there)) for who in others], "{:.2f}", goal=1.5,
    )  # fmt: skip
    yield from _chart(
        "Log-ins per second, in proportion to their own bare hash on all cores",
        [(who, results.ratio("log-ins", who, "rate", to=alone)) for who, alone in hashing], "{:.2f}", goal=0.97,
    )  # fmt: skip
    for clients, goal in ((16, 10.0), (200, 20.0)):
        measure = f"storm-{clients}"
        bars = [(who, _milliseconds(results.figure(measure, who, "p99"))) for who in results.who(measure)]
        title = f"p99 of / while {clients} clients log in, ms (less is better; logarithmic)"
        yield from _chart(title, bars, "{:,.0f}", goal=goal, logarithmic=True)


def _milliseconds(figure: Figure | None) -> Figure | None:
    return figure and Figure(tuple(1000 * value for value in figure.values))


def _chart(
    title: str, bars: list[tuple[str, Figure | None]], form: str, *, goal: float, logarithmic: bool = False
) -> Iterable[Chart]:
    if drawn := [(who, figure) for who, figure in bars if figure]:
        yield Chart(title, drawn, form, goal, logarithmic)


def _drawn(chart: Chart, top: int) -> Iterable[str]:
    span = WIDTH - LABEL - VALUE
    yield f'<text class="title" x="0" y="{top + 12}">{escape(chart.title)}</text>'
    for number, (who, figure) in enumerate(chart.bars):
        y = top + GAP - 6 + ROW * number
        end, low, high = (LABEL + span * chart.place(value) for value in (figure.median, figure.low, figure.high))
        ours = " ours" if who.startswith(OURS.name) else ""
        shown = "no answer" if math.isinf(figure.median) else chart.form.format(figure.median)
        yield f'<text x="{LABEL - 8}" y="{y + 12}" text-anchor="end">{escape(who)}</text>'
        yield f'<rect class="bar{ours}" x="{LABEL}" y="{y}" width="{end - LABEL:.1f}" height="{BAR}"/>'
        yield f'<line class="spread" x1="{low:.1f}" x2="{high:.1f}" y1="{y + BAR / 2}" y2="{y + BAR / 2}"/>'
        yield f'<text x="{max(end, high) + 6:.1f}" y="{y + 12}">{shown}</text>'
    if chart.goal is not None:
        x = f"{LABEL + span * chart.place(chart.goal):.1f}"
        y, height = top + GAP - 10, ROW * len(chart.bars)
        yield f'<line class="goal" x1="{x}" x2="{x}" y1="{y}" y2="{y + height}" stroke-dasharray="4 3"/>'
